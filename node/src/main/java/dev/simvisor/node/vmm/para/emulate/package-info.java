/**
 * Instructions that the VMM carries out for a paravirtual guest, as Xen does: the few privileged ones that its kernel still
 * uses, and stores to page tables.
 */
@NullMarked
package dev.simvisor.node.vmm.para.emulate;

import org.jspecify.annotations.NullMarked;
