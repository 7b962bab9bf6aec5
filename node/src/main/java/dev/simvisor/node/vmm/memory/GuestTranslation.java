package dev.simvisor.node.vmm.memory;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.machine.memory.GuestMemory;

/**
 * Looks up linear addresses in a guest's page tables without leaving a trace: no accessed flags, no faults, no permissions
 * (SDM Vol 3A §4.3 to §4.5). For the VMM's own curiosity; what the guest's accesses do is the processor's business.
 */
public final class GuestTranslation {
    public static final long NOT_MAPPED = -1;

    private static final long PRESENT = 1;
    private static final long LARGE = 1 << 7;

    private GuestTranslation() {}

    /** Guest-physical address that a linear one stands for, or {@link #NOT_MAPPED}. */
    public static long of(Cpu virtual, GuestMemory memory, long linear) {
        if ((virtual.cr0 & ControlRegister.CR0_PG) == 0) return linear & 0xFFFF_FFFFL;
        if (virtual.longMode) return wide(memory, virtual.cr3 & ShadowPageTables.FRAME, 4, linear);
        if ((virtual.cr4 & ControlRegister.CR4_PAE) == 0) return narrow(virtual, memory, linear);
        long pointer = virtual.pdpte[(int) (linear >>> 30) & 3];
        if ((pointer & PRESENT) == 0) return NOT_MAPPED;
        return wide(memory, pointer & ShadowPageTables.FRAME, 2, linear);
    }

    /** Tables of 512 entries of 8 bytes. */
    private static long wide(GuestMemory memory, long top, int topLevel, long linear) {
        long table = top;
        for (int level = topLevel; level > 0; level--) {
            int shift = 12 + 9 * (level - 1);
            if (!memory.contains(table, 4096)) return NOT_MAPPED;
            long entry = memory.read(table + 8 * (linear >>> shift & 511), 8);
            if ((entry & PRESENT) == 0) return NOT_MAPPED;
            boolean leaf = level == 1 || level < 4 && (entry & LARGE) != 0;
            if (leaf) return entry & ShadowPageTables.FRAME & -(1L << shift) | linear & (1L << shift) - 1;
            table = entry & ShadowPageTables.FRAME;
        }
        throw new AssertionError("a walk ends at level 1");
    }

    /** Tables of 1024 entries of 4 bytes. */
    private static long narrow(Cpu virtual, GuestMemory memory, long linear) {
        long directory = virtual.cr3 & 0xFFFF_F000L;
        if (!memory.contains(directory, 4096)) return NOT_MAPPED;
        long pde = memory.read(directory + (linear >>> 20 & 0xFFC), 4);
        if ((pde & PRESENT) == 0) return NOT_MAPPED;
        if ((pde & LARGE) != 0 && (virtual.cr4 & ControlRegister.CR4_PSE) != 0) {
            return pde & 0xFFC0_0000L | linear & 0x3F_FFFF;
        }
        long table = pde & 0xFFFF_F000L;
        if (!memory.contains(table, 4096)) return NOT_MAPPED;
        long pte = memory.read(table + (linear >>> 10 & 0xFFC), 4);
        return (pte & PRESENT) == 0 ? NOT_MAPPED : pte & 0xFFFF_F000L | linear & 0xFFF;
    }
}
