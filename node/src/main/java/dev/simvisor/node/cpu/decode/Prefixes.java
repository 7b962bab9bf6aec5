package dev.simvisor.node.cpu.decode;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.table.Opcode.MandatoryPrefix;

/** The prefixes of one instruction (SDM Vol 2A §2.1.1 and §2.2.1). */
final class Prefixes {
    static final int NO_OVERRIDE = -1;

    boolean lock;
    boolean operandSize;
    boolean addressSize;

    /** Index of the segment register that overrides the default, or {@link #NO_OVERRIDE}. */
    int segment;

    /** F2H or F3H, whichever came last, or 0. */
    int repeat;

    /** The REX byte directly before the opcode, or 0. */
    int rex;

    /** Reads all prefixes. Returns the first byte that is none. */
    int read(CodeWindow code, boolean mode64) {
        lock = false;
        operandSize = false;
        addressSize = false;
        segment = NO_OVERRIDE;
        repeat = 0;
        rex = 0;
        int value = code.next();
        while (accept(value, mode64) && !code.exhausted()) value = code.next();
        return value;
    }

    private boolean accept(int value, boolean mode64) {
        if (mode64 && (value & 0xF0) == 0x40) {
            rex = value;
            return true;
        }
        switch (value) {
            case 0x26 -> flatSegment(SegmentRegister.ES, mode64);
            case 0x2E -> flatSegment(SegmentRegister.CS, mode64);
            case 0x36 -> flatSegment(SegmentRegister.SS, mode64);
            case 0x3E -> flatSegment(SegmentRegister.DS, mode64);
            case 0x64 -> segment = SegmentRegister.FS;
            case 0x65 -> segment = SegmentRegister.GS;
            case 0x66 -> operandSize = true;
            case 0x67 -> addressSize = true;
            case 0xF0 -> lock = true;
            case 0xF2, 0xF3 -> repeat = value;
            default -> {
                return false;
            }
        }
        rex = 0; // only a REX directly before the opcode counts
        return true;
    }

    /** Overrides to these are ignored in 64-bit mode, where they would change nothing but the kind of a fault. */
    private void flatSegment(int index, boolean mode64) {
        if (!mode64) segment = index;
    }

    /** Which column of the opcode map they select: F2H and F3H come before 66H. */
    MandatoryPrefix mandatory() {
        return switch (repeat) {
            case 0xF2 -> MandatoryPrefix.F2;
            case 0xF3 -> MandatoryPrefix.F3;
            default -> operandSize ? MandatoryPrefix.P66 : MandatoryPrefix.NP;
        };
    }

    boolean rexPresent() {
        return rex != 0;
    }

    boolean rexW() {
        return (rex & 8) != 0;
    }

    /** REX.R in the place of a register number's bit 3. */
    int rexR() {
        return (rex & 4) << 1;
    }

    int rexX() {
        return (rex & 2) << 2;
    }

    int rexB() {
        return (rex & 1) << 3;
    }
}
