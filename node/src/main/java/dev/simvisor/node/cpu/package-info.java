/**
 * One x86-64 processor as hardware: registers, modes, and the order in which things happen. It knows nothing of VMs.
 *
 * <p>Start at {@link dev.simvisor.node.cpu.Cpu}, the state. What instructions mean is in {@code semantics}, one static method
 * each; {@code table} lists them in the manual's notation, {@code decode} turns bytes into instructions, {@code interpreter}
 * runs them, {@code mmu} translates addresses and reaches memory, {@code system} holds segment loading, gates and exception
 * delivery, {@code nonroot} VMX non-root operation, {@code translator} hot code as JVM bytecode, {@code x87} the
 * floating-point arithmetic. "SDM" is Intel's Software Developer's Manual, cited by section.
 *
 * <p>The outside is met only through {@link dev.simvisor.node.cpu.SystemBus},
 * {@link dev.simvisor.node.cpu.InterruptController} and {@link dev.simvisor.node.cpu.TimestampCounter}; a debugger, through
 * {@link dev.simvisor.node.cpu.InTargetProbe}. No wall clock, no randomness, no allocation while instructions execute.
 */
@NullMarked
package dev.simvisor.node.cpu;

import org.jspecify.annotations.NullMarked;
