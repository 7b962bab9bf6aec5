/**
 * Turns hot guest code into JVM bytecode.
 *
 * <p>{@link dev.simvisor.node.cpu.translator.TranslatingEngine} is the interpreter with a {@link
 * dev.simvisor.node.cpu.translator.Translator} beside it, which is told of hot blocks. {@link
 * dev.simvisor.node.cpu.translator.RegionPlan} chooses the blocks around one that become a region, {@link
 * dev.simvisor.node.cpu.translator.RegionCompiler} emits them as one method of a hidden class: general registers live in
 * locals, flags are kept as the operands of what last set them ({@link dev.simvisor.node.cpu.translator.DeferredFlags}),
 * memory goes through a TLB probe in line. What an instruction does is emitted by the same {@link
 * dev.simvisor.node.cpu.interpreter.InstructionEmitter} that makes the interpreter's handlers; only what is frequent has
 * bytecode of its own here, held equal to the semantic methods by test.
 *
 * <p>A region leaves the same state as the interpreter, after the same number of instructions: it is entered only with enough
 * of the run left for its longest path, looks again on every edge that leads back, and whatever is out of the ordinary (a
 * device, a watched page, a fault) sends it back to the interpreter with the state exact.
 */
@NullMarked
package dev.simvisor.node.cpu.translator;

import org.jspecify.annotations.NullMarked;
