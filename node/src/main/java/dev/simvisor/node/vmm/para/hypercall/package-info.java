/**
 * The hypercalls, one class each behind {@link dev.simvisor.node.vmm.para.hypercall.Hypercall}; the table of those that there are is
 * {@link dev.simvisor.node.vmm.para.hypercall.HypercallTable}. An error of the ABI is thrown as a
 * {@link dev.simvisor.node.vmm.para.abi.XenError}.
 */
@NullMarked
package dev.simvisor.node.vmm.para.hypercall;

import org.jspecify.annotations.NullMarked;
