/** Paravirtual guests on this VMM. */
@NullMarked
package dev.simvisor.node.vmm.para;

import org.jspecify.annotations.NullMarked;
