package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;

/** Access to MMX and XMM registers from generated handlers. */
public final class SimdOperands {
    /** What the exponent half of an x87 register holds after MMX has written the significand (SDM Vol 1 §9.2.2). */
    private static final int MMX_EXPONENT = 0xFFFF;

    private SimdOperands() {}

    public static long mmx(Cpu cpu, int register) {
        return cpu.fpu.significand[register & 7];
    }

    public static void mmx(Cpu cpu, int register, long value) {
        cpu.fpu.significand[register & 7] = value;
        cpu.fpu.signExponent[register & 7] = MMX_EXPONENT;
    }

    public static long xmmLow(Cpu cpu, int register) {
        return cpu.xmm[2 * register];
    }

    public static long xmmHigh(Cpu cpu, int register) {
        return cpu.xmm[2 * register + 1];
    }

    public static void xmm(Cpu cpu, int register, long low, long high) {
        cpu.xmm[2 * register] = low;
        cpu.xmm[2 * register + 1] = high;
    }

    /** Writes bits 63:0 and keeps the rest. */
    public static void xmmLow(Cpu cpu, int register, long value) {
        cpu.xmm[2 * register] = value;
    }

    /** Writes bits 31:0 and keeps the rest. */
    public static void xmmLow32(Cpu cpu, int register, long value) {
        cpu.xmm[2 * register] = cpu.xmm[2 * register] & ~0xFFFF_FFFFL | value & 0xFFFF_FFFFL;
    }

    public static void checkAligned(Cpu cpu, long linear) {
        if ((linear & 15) != 0) throw cpu.generalProtection(0);
    }
}
