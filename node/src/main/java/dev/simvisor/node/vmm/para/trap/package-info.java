/**
 * How the VMM enters the guest's kernel: traps, events, system calls. Everything is in
 * {@link dev.simvisor.node.vmm.para.trap.TrapFrame}.
 */
@NullMarked
package dev.simvisor.node.vmm.para.trap;

import org.jspecify.annotations.NullMarked;
