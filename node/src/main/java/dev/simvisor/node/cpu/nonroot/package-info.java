/**
 * VMX non-root operation, the processor's part of hardware-assisted virtualization (SDM Vol 3C ch. 25 to 29). It knows
 * nothing of any VMM: it does what a {@link dev.simvisor.node.cpu.nonroot.ControlStructure} asks for and leaves for the
 * reasons of {@link dev.simvisor.node.cpu.nonroot.ExitReason}.
 *
 * <p>Root operation is Java code outside the processor. So there is no host-state area and there are no VMX instructions: {@link
 * dev.simvisor.node.cpu.nonroot.NonRootOperation} stands for VMLAUNCH and VMRESUME, and a VM exit ends the engine's run. {@link
 * dev.simvisor.node.cpu.nonroot.Intercepts} decides which instructions and events leave. Extended page tables are walked by
 * the MMU, in {@code cpu.mmu}.
 */
@NullMarked
package dev.simvisor.node.cpu.nonroot;

import org.jspecify.annotations.NullMarked;
