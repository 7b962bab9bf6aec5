package dev.simvisor.node.cpu.table;

/**
 * One operand of a row.
 *
 * @param kind where it is
 * @param size its size as a register, or wherever it is if both are the same
 * @param memorySize its size in memory
 * @param fixed the number of a register that the row fixes, or -1
 * @param notation as the table writes it
 */
public record Operand(OperandKind kind, OperandSize size, OperandSize memorySize, int fixed, String notation) {
    public static final int NOT_FIXED = -1;

    public boolean isFixed() {
        return fixed != NOT_FIXED;
    }

    /** Whether decoding it takes a ModRM byte. */
    public boolean needsModRm() {
        return kind.needsModRm() && !isFixed();
    }
}
