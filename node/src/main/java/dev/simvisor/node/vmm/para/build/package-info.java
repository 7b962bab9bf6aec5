/**
 * The domain builder: puts a paravirtual kernel into a new domain's memory with everything that the ABI promises it at its
 * first instruction (public header xen.h, start_info). Start with {@link dev.simvisor.node.vmm.para.build.DomainBuilder}.
 */
@NullMarked
package dev.simvisor.node.vmm.para.build;

import org.jspecify.annotations.NullMarked;
