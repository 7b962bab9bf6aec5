package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.decode.Instruction;
import org.jspecify.annotations.Nullable;

/**
 * Instructions that follow one another within a page, decoded. All but the last continue with the next; the last may be a
 * branch. An instruction that crosses into the next page is a block of its own.
 */
final class Block {
    static final long NO_SECOND_PAGE = -1;

    final long physical;
    final int key;
    final Instruction[] instructions;
    /** Bytes. */
    final int length;
    /** Physical address of the page that the last bytes lie in when the block crosses a page, or NO_SECOND_PAGE. */
    final long secondPage;

    /** Next block of the same frame. */
    @Nullable
    Block sibling;

    Block(long physical, int key, Instruction[] instructions, int length, long secondPage) {
        this.physical = physical;
        this.key = key;
        this.instructions = instructions;
        this.length = length;
        this.secondPage = secondPage;
    }
}
