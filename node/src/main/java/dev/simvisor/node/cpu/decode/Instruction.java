package dev.simvisor.node.cpu.decode;

import dev.simvisor.node.cpu.table.Row;

/**
 * One decoded instruction: the row of the table it is an instance of, and the operands as numbers that need no further
 * interpretation. Filled by the decoder, read by semantics; plain fields because the interpreter reads several per
 * instruction.
 *
 * <p>A memory operand's effective address is {@code (gpr[base] + (gpr[index] << scale) + displacement) & addressMask()}: an
 * absent base or index names {@link #ZERO}, a RIP-relative one has base {@link #BLOCK_RIP} and a displacement that counts from
 * the start of the block.
 *
 * <p>Fields are as narrow as what they hold, unsigned 16-bit ones being {@code char}, so that one is 48 bytes in memory, where
 * headers of objects have 8 (JEP 519): a guest has hundreds of thousands of them, and most of the time that seldom executed code
 * costs goes into fetching them.
 */
public final class Instruction {
    /** Pseudo register that always holds zero. */
    public static final int ZERO = 16;

    /** Pseudo register that holds the instruction pointer at which the current block starts. */
    public static final int BLOCK_RIP = 17;

    /** Marks an 8-bit register operand as AH, CH, DH or BH: the register is {@code operand & 15}, its bits 15:8 are meant. */
    public static final int HIGH_BYTE = 16;

    public static final byte NO_PREFIX = 0;
    public static final byte REPNE = (byte) 0xF2;
    public static final byte REP = (byte) 0xF3;

    public final Row row;

    /** What the interpreter's dispatch switches on; set by whoever owns the dispatch. */
    public char handler;

    /** The handler for emulation by another processor than the one that decoded it, and what of that processor it is for. */
    public char emulationHandler;

    public byte emulationKey = -1;

    /** Operand size of this instance in bits: 8, 16, 32 or 64 for integer rows; the effective operand size otherwise. */
    public byte operandSize;

    /** 16, 32 or 64. */
    public byte addressSize;

    /** The ModRM byte, which x87 instructions leave in the last-opcode register; 0 where there is none. */
    public byte modRm;

    /** ModRM.reg with REX.R; for 8-bit registers possibly with {@link #HIGH_BYTE}. Segment, control or debug register number. */
    public byte reg;

    /** The register of a register-form E, Z or fixed-register operand, with REX.B; possibly with {@link #HIGH_BYTE}. */
    public byte rm;

    /** Whether the E, M, O, W or Q operand is in memory. */
    public boolean memory;

    public byte base = ZERO;
    public byte index = ZERO;
    public byte scale;

    /** Of the memory operand, sign-extended, or its absolute offset; or what {@link #secondImmediate} says. */
    public long displacement;

    /** Segment of the memory operand (or of the source string), overrides applied: an index of {@code SegmentRegister}. */
    public byte segment;

    /** First immediate, sign-extended; the offset of a far pointer; the displacement of a relative branch. */
    public long immediate;

    public boolean lock;

    /** {@link #NO_PREFIX}, {@link #REPNE} or {@link #REP}: the last of these prefixes, where it is not part of the opcode. */
    public byte repeat;

    /** Length in bytes, 1 to 15. */
    public byte length;

    /** Offset of this instruction's first byte from the start of its block. */
    public char offset;

    public Instruction(Row row) {
        this.row = row;
    }

    /** The bits that an address has. */
    public long addressMask() {
        return -1L >>> 64 - addressSize;
    }

    /** ENTER's nesting level; the selector of a far pointer. Such instructions have no memory operand. */
    public int secondImmediate() {
        return (char) displacement;
    }

    /** Offset of the next instruction from the start of the block. */
    public int nextOffset() {
        return offset + length;
    }
}
