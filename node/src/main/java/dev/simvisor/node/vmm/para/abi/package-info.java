/** Numbers and layouts of Xen's public interface that more than one part needs; facts alone, from the headers in xen/include/public. */
@NullMarked
package dev.simvisor.node.vmm.para.abi;

import org.jspecify.annotations.NullMarked;
