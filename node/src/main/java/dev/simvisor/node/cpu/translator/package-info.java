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
 * bytecode of its own here, held equal to the semantic methods by test. How much of the processor an instruction may touch
 * ({@link dev.simvisor.node.cpu.translator.Operation.Reach}) decides what its code costs: most leave the locals where they are,
 * others have some or all of them stored before and loaded after. Flags that nobody can see ({@link
 * dev.simvisor.node.cpu.translator.FlagLiveness}) are not computed.
 *
 * <p>A region can be entered at its first block, at heads of loops, at what is called, returned to or jumped to indirectly in
 * it, and where blocks around it lead back to it. It does not grow over others that it could not take in whole or that stay
 * long in themselves: there it ends, and the dispatcher goes on with the other. A block within it that is interpreted often
 * all the same does not become the start of another region with much the same code: the region is made anew with one more
 * entrance. Blocks that lie in one another, as when a loop begins within the block that leads to it, have their common
 * instructions once: the longer one ends where the other starts. Returns and indirect branches stay inside where they lead to a block of the region, by a switch. An edge that leads
 * to another page looks whether that page is mapped as it was. Where control leaves a region, the dispatcher finds what
 * followed before in the region itself, and goes on with that at once while nothing asks for attention.
 *
 * <p>A region leaves the same state as the interpreter, after the same number of instructions: it is entered only with enough
 * of the run left for its longest path, looks again on every edge that leads back, and whatever is out of the ordinary (a
 * device, a watched page, a fault) sends it back to the interpreter with the state exact. What is for the VMM, a callout or
 * a system call of a deprivileged guest, ends it before that instruction.
 *
 * <p>An access that misses the TLB leaves the region too, and the interpreter executes the rest of the block: code that comes
 * back to where a miss was handled would have to keep all registers on the JVM's stack around every access. Only blocks that
 * keep missing are translated once more, to walk in place ({@link dev.simvisor.node.cpu.mmu.PlainMemory}).
 *
 * <p>HotSpot compiles what is emitted, and that is dear: one region costs it tens of milliseconds. So there is to be little
 * code, each piece once ({@link dev.simvisor.node.cpu.translator.TranslatorSettings} says when it pays), no method above 8,000
 * bytes, which HotSpot would not compile, and all memory accesses inlined, for which {@code bin/simvisor} sets flags. A new
 * region is called without an entrance, to no effect, until HotSpot compiles it; while HotSpot is at work, the guest's
 * interpreter goes on in its place. And what one guest's translator has made serves all others of the process that have the same code in the same place ({@link
 * dev.simvisor.node.cpu.translator.RegionLibrary}): they take it after a few hundred executions, compiled.
 */
@NullMarked
package dev.simvisor.node.cpu.translator;

import org.jspecify.annotations.NullMarked;
