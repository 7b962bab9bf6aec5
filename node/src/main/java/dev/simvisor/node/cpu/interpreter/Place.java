package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandSize;

/**
 * Where a value-style operand of a decoded instruction is found.
 *
 * @param bits 8 to 128
 */
public record Place(Kind kind, int bits) {
    public enum Kind {
        /** General register {@code i.rm}. */
        RM,
        /** General register {@code i.reg}. */
        REG,
        /** Memory at the instruction's address. */
        MEMORY,
        /** The same where segments are flat. */
        FLAT_MEMORY,
        /** The same where segments are flat and there is no index register. */
        FLAT_BASE_MEMORY,
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

    public boolean isMemory() {
        return kind == Kind.MEMORY || kind == Kind.FLAT_MEMORY || kind == Kind.FLAT_BASE_MEMORY;
    }

    public boolean isXmm() {
        return kind == Kind.XMM_REG || kind == Kind.XMM_RM;
    }

    public boolean isMmx() {
        return kind == Kind.MMX_REG || kind == Kind.MMX_RM;
    }

    /** The field of {@link dev.simvisor.node.cpu.decode.Instruction} that numbers a register. */
    String registerField() {
        return switch (kind) {
            case REG, MMX_REG, XMM_REG -> "reg";
            case RM, MMX_RM, XMM_RM -> "rm";
            default -> throw new IllegalStateException(kind + " is no register");
        };
    }

    /** The place of an operand for an operand size in bits and a form of ModRM. */
    static Place of(Operand operand, int operandSize, Form form) {
        Place registerSized = new Place(kind(operand, form), operand.size().bits(operandSize));
        if (!registerSized.isMemory()) return registerSized;
        return new Place(registerSized.kind, operand.memorySize().bits(operandSize));
    }

    private static Kind memory(Form form) {
        return switch (form) {
            case REGISTER, MEMORY -> Kind.MEMORY;
            case FLAT -> Kind.FLAT_MEMORY;
            case FLAT_BASE -> Kind.FLAT_BASE_MEMORY;
        };
    }

    private static Kind kind(Operand operand, Form form) {
        boolean memory = form != Form.REGISTER;
        return switch (operand.kind()) {
            case E -> memory ? memory(form) : Kind.RM;
            case Z, R -> Kind.RM;
            case G -> Kind.REG;
            case O -> memory(form);
            case M -> operand.size() == OperandSize.NONE ? Kind.ADDRESS : memory(form);
            case I -> Kind.IMMEDIATE;
            case CL -> Kind.CL;
            case ONE -> Kind.ONE;
            case P -> Kind.MMX_REG;
            case Q -> memory ? memory(form) : Kind.MMX_RM;
            case N -> Kind.MMX_RM;
            case V -> Kind.XMM_REG;
            case W -> memory ? memory(form) : Kind.XMM_RM;
            case U -> Kind.XMM_RM;
            default ->
                throw new IllegalStateException(
                        "operand " + operand.notation() + " has no value: its semantics must take the instruction");
        };
    }
}
