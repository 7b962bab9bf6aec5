/**
 * Machine memory and what a virtual machine sees of it.
 *
 * <p>A physical host owns one {@link dev.simvisor.node.machine.memory.MachineMemory}: frames of 4 KiB outside the Java heap.
 * Each VM owns one {@link dev.simvisor.node.machine.memory.GuestMemory}: its p2m from gfn to mfn, with the write protection
 * that lets dirty logging and code tracking see stores. VMs share frames: a clone those that neither it nor its original has
 * written to, and all of them what {@link dev.simvisor.node.machine.memory.PageSharing} finds to be equal. Pages of a guest that has come here before them are missing until they have come, too. Nothing here knows devices or processors; start with
 * {@code GuestMemory}.
 */
@NullMarked
package dev.simvisor.node.machine.memory;

import org.jspecify.annotations.NullMarked;
