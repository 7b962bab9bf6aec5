/**
 * Machine memory and what a virtual machine sees of it.
 *
 * <p>A physical host owns one {@link dev.simvisor.node.machine.memory.MachineMemory}: frames of 4 KiB outside the Java heap.
 * Each VM owns one {@link dev.simvisor.node.machine.memory.GuestMemory}: its p2m from gfn to mfn, with the write protection
 * that lets dirty logging and code tracking see stores, and two VMs share frames that neither has written to since one was
 * cloned from the other. Pages of a guest that has come here before them are missing until they have come, too. Nothing here knows devices or processors; start with
 * {@code GuestMemory}.
 */
@NullMarked
package dev.simvisor.node.machine.memory;

import org.jspecify.annotations.NullMarked;
