/**
 * Text from decoded instructions, in Intel syntax with explicit sizes. Reads the same rows of the table as the decoder;
 * start with {@link dev.simvisor.node.cpu.disassemble.Disassembler}. And what people call the places that the text speaks of, where
 * that is known: {@link dev.simvisor.node.cpu.disassemble.SymbolTable}.
 */
@NullMarked
package dev.simvisor.node.cpu.disassemble;

import org.jspecify.annotations.NullMarked;
