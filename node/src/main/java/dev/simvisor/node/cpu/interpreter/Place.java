package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandSize;

/**
 * Where a value-style operand of a decoded instruction is found.
 *
 * @param bits 8 to 128
 */
record Place(Kind kind, int bits) {
    enum Kind {
        /** General register {@code i.rm}. */
        RM,
        /** General register {@code i.reg}. */
        REG,
        /** Memory at the instruction's address. */
        MEMORY,
        /** The effective address itself. */
        ADDRESS,
        IMMEDIATE,
        CL,
        ONE,
        /** MMX register {@code i.reg}. */
        MMX_REG,
        /** MMX register {@code i.rm}. */
        MMX_RM,
        /** XMM register {@code i.reg}. */
        XMM_REG,
        /** XMM register {@code i.rm}. */
        XMM_RM
    }

    boolean isXmm() {
        return kind == Kind.XMM_REG || kind == Kind.XMM_RM;
    }

    boolean isMmx() {
        return kind == Kind.MMX_REG || kind == Kind.MMX_RM;
    }

    /** The place of an operand for an operand size in bits and the memory or register form of ModRM. */
    static Place of(Operand operand, int operandSize, boolean memory) {
        Kind kind = kind(operand, memory);
        OperandSize size = kind == Kind.MEMORY ? operand.memorySize() : operand.size();
        return new Place(kind, size.bits(operandSize));
    }

    private static Kind kind(Operand operand, boolean memory) {
        return switch (operand.kind()) {
            case E -> memory ? Kind.MEMORY : Kind.RM;
            case Z, R -> Kind.RM;
            case G -> Kind.REG;
            case O -> Kind.MEMORY;
            case M -> operand.size() == OperandSize.NONE ? Kind.ADDRESS : Kind.MEMORY;
            case I -> Kind.IMMEDIATE;
            case CL -> Kind.CL;
            case ONE -> Kind.ONE;
            case P -> Kind.MMX_REG;
            case Q -> memory ? Kind.MEMORY : Kind.MMX_RM;
            case N -> Kind.MMX_RM;
            case V -> Kind.XMM_REG;
            case W -> memory ? Kind.MEMORY : Kind.XMM_RM;
            case U -> Kind.XMM_RM;
            default ->
                throw new IllegalStateException(
                        "operand " + operand.notation() + " has no value: its semantics must take the instruction");
        };
    }
}
