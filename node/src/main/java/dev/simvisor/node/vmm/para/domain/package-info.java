/**
 * The state of a paravirtual domain and its vCPUs. Knows nothing of how hypercalls or exits are decoded: start with
 * {@link dev.simvisor.node.vmm.para.domain.Domain}, which leads to its parts.
 */
@NullMarked
package dev.simvisor.node.vmm.para.domain;

import org.jspecify.annotations.NullMarked;
