/**
 * From bytes to {@link dev.simvisor.node.cpu.decode.Instruction}s. Knows the instruction format (SDM Vol 2A chapter 2)
 * and takes everything about particular instructions from the table. Start with {@link
 * dev.simvisor.node.cpu.decode.Decoder}.
 */
@NullMarked
package dev.simvisor.node.cpu.decode;

import org.jspecify.annotations.NullMarked;
