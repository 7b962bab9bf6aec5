/** Virtualization modes: what the hardware does with sensitive operations, and what the VMM does about it. */
@NullMarked
package dev.simvisor.node.vmm.mode;

import org.jspecify.annotations.NullMarked;
