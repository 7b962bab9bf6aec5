package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;

/**
 * The memory type range registers (SDM Vol 3A §12.11). Memory has no caches here, so they hold what software writes, with the
 * checks of the manual.
 */
final class MemoryTypeRanges {
    private static final int CAPABILITIES = 0xFE;
    private static final int VARIABLE = 0x200;
    private static final int DEFAULT_TYPE = 0x2FF;

    private static final int RANGES = 8;
    private static final long FIXED_SUPPORTED = 1 << 8;
    private static final long WRITE_COMBINING_SUPPORTED = 1 << 10;

    /** The first fixed-range registers are not numbered in sequence: 250H, 258H, 259H, then 268H to 26FH. */
    private static final int FIXED_64K = 0x250;

    private static final int FIXED_16K = 0x258;
    private static final int FIXED_4K = 0x268;

    /** Memory types 0 (UC), 1 (WC), 4 (WT), 5 (WP) and 6 (WB). */
    private static final int TYPES = 0b0111_0011;

    private static final long DEFAULT_TYPE_WRITABLE = 0xCFF;
    private static final long BASE_RESERVED = 0xF00;
    private static final long MASK_RESERVED = 0x7FF;

    private MemoryTypeRanges() {}

    static boolean isOne(int number) {
        return number == CAPABILITIES || number == DEFAULT_TYPE || isVariable(number) || fixedIndex(number) >= 0;
    }

    private static boolean isVariable(int number) {
        return number >= VARIABLE && number < VARIABLE + 2 * RANGES;
    }

    private static int fixedIndex(int number) {
        if (number == FIXED_64K) return 0;
        if (number == FIXED_16K || number == FIXED_16K + 1) return 1 + number - FIXED_16K;
        if (number >= FIXED_4K && number < FIXED_4K + 8) return 3 + number - FIXED_4K;
        return -1;
    }

    static long read(Cpu cpu, int number) {
        if (number == CAPABILITIES) return RANGES | FIXED_SUPPORTED | WRITE_COMBINING_SUPPORTED;
        if (number == DEFAULT_TYPE) return cpu.msr.mtrrDefaultType;
        if (isVariable(number)) return cpu.msr.mtrrVariable[number - VARIABLE];
        return cpu.msr.mtrrFixed[fixedIndex(number)];
    }

    static void write(Cpu cpu, int number, long value) {
        if (number == CAPABILITIES) throw cpu.generalProtection(0);
        if (number == DEFAULT_TYPE) {
            check(cpu, (value & ~DEFAULT_TYPE_WRITABLE) == 0 && isType(value));
            cpu.msr.mtrrDefaultType = value;
        } else if (isVariable(number)) {
            writeVariable(cpu, number - VARIABLE, value);
        } else {
            for (int n = 0; n < 8; n++) check(cpu, isType(value >>> 8 * n));
            cpu.msr.mtrrFixed[fixedIndex(number)] = value;
        }
    }

    /** Even indices are bases, with a type; odd ones are masks, with a valid bit. */
    private static void writeVariable(Cpu cpu, int index, long value) {
        boolean inside = value >>> cpu.model.physicalAddressBits() == 0;
        boolean base = (index & 1) == 0;
        boolean wellFormed = base ? (value & BASE_RESERVED) == 0 && isType(value) : (value & MASK_RESERVED) == 0;
        check(cpu, inside && wellFormed);
        cpu.msr.mtrrVariable[index] = value;
    }

    private static boolean isType(long value) {
        int type = (int) value & 0xFF;
        return type < 8 && (TYPES >>> type & 1) != 0;
    }

    private static void check(Cpu cpu, boolean condition) {
        if (!condition) throw cpu.generalProtection(0);
    }
}
