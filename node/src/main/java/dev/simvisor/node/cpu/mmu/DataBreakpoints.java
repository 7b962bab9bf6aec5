package dev.simvisor.node.cpu.mmu;

import dev.simvisor.node.cpu.Cpu;

/** Data breakpoints of the debug registers (SDM Vol 3B §17.2): traps, reported in DR6 after the instruction. */
final class DataBreakpoints {
    private static final int WRITE_ONLY = 1;
    private static final int READ_OR_WRITE = 3;
    private static final long ALL_ENABLES = 0xFF;

    private DataBreakpoints() {}

    static boolean enabled(Cpu cpu) {
        if ((cpu.dr[7] & ALL_ENABLES) == 0) return false;
        for (int n = 0; n < 4; n++) {
            int kind = kind(cpu, n);
            if (active(cpu, n) && (kind == WRITE_ONLY || kind == READ_OR_WRITE)) return true;
        }
        return false;
    }

    static void check(Cpu cpu, long linear, int size, boolean write) {
        for (int n = 0; n < 4; n++) {
            int kind = kind(cpu, n);
            boolean watches = kind == READ_OR_WRITE || kind == WRITE_ONLY && write;
            if (!active(cpu, n) || !watches) continue;
            long length = length(cpu, n);
            long start = cpu.dr[n] & -length;
            if (linear < start + length && start < linear + size) {
                cpu.pendingDebugTraps |= 1L << n;
                cpu.endBlock();
            }
        }
    }

    private static boolean active(Cpu cpu, int n) {
        return (cpu.dr[7] >>> 2 * n & 3) != 0;
    }

    private static int kind(Cpu cpu, int n) {
        return (int) (cpu.dr[7] >>> 16 + 4 * n) & 3;
    }

    /** LENn: 1, 2, 8 or 4 bytes. */
    private static long length(Cpu cpu, int n) {
        int code = (int) (cpu.dr[7] >>> 18 + 4 * n) & 3;
        return code == 2 ? 8 : code + 1;
    }
}
