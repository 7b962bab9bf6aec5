/**
 * Holds the processor to silicon: single instructions that a real x86-64 processor executed, with its registers, flags,
 * memory and faults before and after, replayed on ours.
 *
 * <p>{@link dev.simvisor.node.cpu.silicon.SiliconVectorsTest} replays the committed vectors. {@link
 * dev.simvisor.node.cpu.silicon.SiliconVectorGenerator} makes new ones from a seed where gcc and an x86-64 Linux are there; it
 * enumerates the table's forms ({@link dev.simvisor.node.cpu.silicon.InstanceGenerator}) and has {@code
 * src/test/silicon/runner.c} execute them.
 */
@NullMarked
package dev.simvisor.node.cpu.silicon;

import org.jspecify.annotations.NullMarked;
