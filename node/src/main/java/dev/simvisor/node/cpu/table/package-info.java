/**
 * The instruction table: every opcode form of the processor is one row of a text resource, in the notation of the
 * Intel SDM Vol 2 appendix A. The decoder, the disassembler, the interpreter, the translator, the virtualization modes
 * and the documentation read these rows; nothing repeats what they say.
 *
 * <p>Start with {@code instructions-integer.txt} beside this package's resources, then {@link
 * dev.simvisor.node.cpu.table.InstructionTable} and {@link dev.simvisor.node.cpu.table.Row}.
 *
 * <h2>Columns, separated by two or more blanks; {@code -} is empty; {@code #} starts a comment line</h2>
 *
 * <ul>
 *   <li><b>opcode</b>: {@code REX.W} when the form exists with REX.W alone; {@code NP}, {@code 66}, {@code F2} or {@code
 *       F3} as mandatory prefix (none of these: the row takes any); the opcode bytes; then {@code +r} (register in the low
 *       three bits), {@code /0} to {@code /7} (ModRM.reg), a whole ModRM byte, or {@code C0+i} (ST(i) in its low bits).
 *       The most specific row wins.
 *   <li><b>mnemonic</b>: alternatives separated by {@code /} belong to operand sizes 16, 32 and 64.
 *   <li><b>operands</b>: {@link dev.simvisor.node.cpu.table.OperandKind} and {@link
 *       dev.simvisor.node.cpu.table.OperandSize}. Deviations from the manual: {@code Z} is the register in the opcode byte;
 *       an accumulator ({@code AL}, {@code rAX}) is decoded as {@code Z} when it is the first operand and as {@code G}
 *       otherwise, so that it needs no meaning of its own; {@code Rv/Mw} gives the sizes of register and memory form.
 *   <li><b>attributes</b>: {@link dev.simvisor.node.cpu.table.Attribute}s, {@link dev.simvisor.node.cpu.table.Feature}s
 *       that the processor must have, {@code exit:} with the {@link dev.simvisor.node.cpu.table.Intercept} that the
 *       instruction is in non-root operation, and {@code =name}, the method that is the row's meaning where that is not the
 *       mnemonic in lower case.
 *   <li><b>reads, writes, undefined</b>: flags by their letters; a flag is in at most one of the last two.
 *   <li><b>class</b>: {@link dev.simvisor.node.cpu.table.InstructionClass}.
 *   <li><b>section</b>: volume and entry of the Intel SDM.
 * </ul>
 */
@NullMarked
package dev.simvisor.node.cpu.table;

import org.jspecify.annotations.NullMarked;
