/**
 * What the processor does for an operating system: segment loading, control transfers through descriptors and gates, task
 * switches, interrupt and exception delivery, control, debug and model-specific registers (SDM Vol 3A, ch. 2, 3, 5 to 8).
 *
 * <p>Everything here works on a {@link dev.simvisor.node.cpu.Cpu} by static methods, checks before it changes, and raises
 * faults through {@code cpu.raise}. Start with {@link dev.simvisor.node.cpu.system.Segmentation} for descriptors and with
 * {@link dev.simvisor.node.cpu.system.ExceptionDelivery} for events. The instructions that lead here are in {@code
 * cpu.semantics}.
 */
@NullMarked
package dev.simvisor.node.cpu.system;

import org.jspecify.annotations.NullMarked;
