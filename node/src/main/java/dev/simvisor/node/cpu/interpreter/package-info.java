/**
 * Runs decoded instructions.
 *
 * <p>{@link dev.simvisor.node.cpu.interpreter.Interpreter} is the loop: find the block at rIP, run it, look at what wants
 * attention. {@link dev.simvisor.node.cpu.interpreter.BlockCache} keeps decoded blocks by physical address and drops those
 * whose bytes were written. What happens for one instruction is not written by hand: for every combination of a semantic
 * method and operand places that the instruction table can produce (a {@link dev.simvisor.node.cpu.interpreter.Variant}),
 * {@link dev.simvisor.node.cpu.interpreter.HandlerCompiler} emits a method that loads, calls and stores, and one dispatch loop
 * that switches over them. The build does that ({@link dev.simvisor.node.cpu.interpreter.HandlerClassFile}); a start only looks
 * up which handler belongs to a decoded instruction ({@link dev.simvisor.node.cpu.interpreter.HandlerTable}).
 */
@NullMarked
package dev.simvisor.node.cpu.interpreter;

import org.jspecify.annotations.NullMarked;
