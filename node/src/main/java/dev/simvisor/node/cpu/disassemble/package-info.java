/**
 * Text from decoded instructions, in Intel syntax with explicit sizes. Reads the same rows of the table as the decoder;
 * start with {@link dev.simvisor.node.cpu.disassemble.Disassembler}.
 */
@NullMarked
package dev.simvisor.node.cpu.disassemble;

import org.jspecify.annotations.NullMarked;
