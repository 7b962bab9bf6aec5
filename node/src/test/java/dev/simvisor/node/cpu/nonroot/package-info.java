/** VMX non-root operation by the manual's rules. */
@NullMarked
package dev.simvisor.node.cpu.nonroot;

import org.jspecify.annotations.NullMarked;
