package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.table.Row;

/**
 * A form of an instruction to be covered.
 *
 * @param codeSize 16, 32 or 64
 * @param memory whether its ModRM operand is in memory
 */
record Form(Row row, int codeSize, Size size, boolean memory) {
    /** Where its operand size comes from. */
    enum Size {
        DEFAULT,
        /** 66H. */
        OVERRIDE,
        /** REX.W. */
        WIDE
    }
}
