/**
 * The hypercalls, one class each behind {@link dev.simvisor.node.vmm.para.hypercall.Hypercall}; the table of those that there are is
 * {@link dev.simvisor.node.vmm.para.hypercall.HypercallTable}. An error of the ABI is thrown as a
 * {@link dev.simvisor.node.vmm.para.abi.XenError}. One that works through a list asks {@link
 * dev.simvisor.node.vmm.para.domain.Preemption} before each element whether it is to break off, which it does by a {@link
 * dev.simvisor.node.vmm.para.hypercall.Preempted}.
 */
@NullMarked
package dev.simvisor.node.vmm.para.hypercall;

import org.jspecify.annotations.NullMarked;
