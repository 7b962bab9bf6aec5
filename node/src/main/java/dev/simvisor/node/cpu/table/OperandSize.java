package dev.simvisor.node.cpu.table;

/** How large an operand is, by the letters of SDM Vol 2D appendix A.2.2. */
public enum OperandSize {
    /** No size of its own: an address, a state image, a register of the x87 stack. */
    NONE(""),
    /** Byte. */
    B("b"),
    /** Word, 16 bits. */
    W("w"),
    /** Doubleword, 32 bits. */
    D("d"),
    /** Quadword, 64 bits. */
    Q("q"),
    /** 16, 32 or 64 bits, by the operand size. */
    V("v"),
    /** 32 bits, or 64 with REX.W. */
    Y("y"),
    /** 16 bits for a 16-bit operand size, else 32. */
    Z("z"),
    /** Far pointer: an offset of the operand size and a 16-bit selector. */
    P("p"),
    /** Two bounds of the operand size. */
    A("a"),
    /** Pseudo-descriptor: a 16-bit limit and a base of the mode's size. */
    S("s"),
    /** Double extended precision or packed BCD, 80 bits. */
    T("t"),
    /** Double quadword, 128 bits. */
    DQ("dq"),
    /** Packed single precision, 128 bits. */
    PS("ps"),
    /** Packed double precision, 128 bits. */
    PD("pd"),
    /** Scalar single precision: 32 bits in memory, the low ones of an XMM register. */
    SS("ss"),
    /** Scalar double precision: 64 bits in memory, the low ones of an XMM register. */
    SD("sd");

    private final String letters;

    OperandSize(String letters) {
        this.letters = letters;
    }

    public String letters() {
        return letters;
    }

    /** The size in bits with the given operand size (16, 32 or 64); 0 for {@link #NONE}. */
    public int bits(int operandSize) {
        return switch (this) {
            case NONE -> 0;
            case B -> 8;
            case W -> 16;
            case D, SS -> 32;
            case Q, SD -> 64;
            case V -> operandSize;
            case Y -> operandSize == 64 ? 64 : 32;
            case Z -> operandSize == 16 ? 16 : 32;
            case P -> operandSize + 16;
            case A -> 2 * operandSize;
            case S -> operandSize == 64 ? 80 : 48;
            case T -> 80;
            case DQ, PS, PD -> 128;
        };
    }
}
