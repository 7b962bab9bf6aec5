package dev.simvisor.node.cpu.table;

/** Where an operand is, by the letters of SDM Vol 2D appendix A.2.1. */
public enum OperandKind {
    /** General register or memory, by ModRM.rm. */
    E(true),
    /** General register, by ModRM.reg; a fixed accumulator that is not the first operand. */
    G(true),
    /** General register in the low bits of the opcode, or a fixed accumulator as first operand; decoded like a register E. */
    Z(false),
    /** Immediate. */
    I(false),
    /** Relative branch displacement. */
    J(false),
    /** Memory only, by ModRM.rm. */
    M(true),
    /** Memory at an absolute offset within the instruction; decoded like a memory E. */
    O(false),
    /** General register, by ModRM.rm, whatever ModRM.mod says (MOV from and to control and debug registers). */
    R(true),
    /** Segment register, by ModRM.reg or fixed. */
    S(true),
    /** Control register, by ModRM.reg. */
    C(true),
    /** Debug register, by ModRM.reg. */
    D(true),
    /** Source string at segment:rSI. */
    X(false),
    /** Destination string at ES:rDI. */
    Y(false),
    /** Far pointer within the instruction. */
    A(false),
    /** MMX register, by ModRM.reg. */
    P(true),
    /** MMX register or memory, by ModRM.rm. */
    Q(true),
    /** MMX register, by ModRM.rm. */
    N(true),
    /** XMM register, by ModRM.reg. */
    V(true),
    /** XMM register or memory, by ModRM.rm. */
    W(true),
    /** XMM register, by ModRM.rm. */
    U(true),
    /** The top of the x87 register stack. */
    ST0(false),
    /** An x87 register, by ModRM.rm. */
    STI(false),
    /** CL as a count. */
    CL(false),
    /** DX as a port number. */
    DX(false),
    /** AX as the destination of FNSTSW. */
    AX(false),
    /** The constant one as a count. */
    ONE(false);

    private final boolean needsModRm;

    OperandKind(boolean needsModRm) {
        this.needsModRm = needsModRm;
    }

    /** Whether decoding the operand takes a ModRM byte, unless the operand is fixed. */
    public boolean needsModRm() {
        return needsModRm;
    }

    /** Whether the operand cannot be in memory although ModRM.rm names it. */
    public boolean registerOnly() {
        return this == N || this == U;
    }

    /** Whether the operand may be or is in memory by ModRM.rm. */
    public boolean memoryPossible() {
        return this == E || this == M || this == Q || this == W;
    }

    /** Whether the operand, in its register form, is a general register. */
    public boolean general() {
        return this == E || this == G || this == Z || this == R;
    }

    /** Whether the operand comes with the instruction's own bytes. */
    public boolean immediate() {
        return this == I || this == J || this == A;
    }
}
