/**
 * One physical host and what it is made of, from the inside out: {@code cpu} is the processor, {@code machine} the board
 * around it, {@code vmm} the hypervisor that runs on it, {@code host} the actors that make it part of a cluster.
 *
 * <p>Each uses only those before it ({@code ArchitectureTest} holds them to it). Below {@code host} nothing knows actors
 * or transport, and nothing reads the wall clock, an unseeded random or the environment, so that a run repeats to the
 * byte.
 */
@NullMarked
package dev.simvisor.node;

import org.jspecify.annotations.NullMarked;
