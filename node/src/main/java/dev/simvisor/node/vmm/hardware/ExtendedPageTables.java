package dev.simvisor.node.vmm.hardware;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import java.util.Arrays;

/**
 * The extended page tables of one guest, in frames of its host (SDM Vol 3C §29.3.2): four levels, leaves of 4 KiB that allow
 * everything. Write protection stays with the p2m, where all modes have it.
 */
final class ExtendedPageTables {
    private static final int ENTRIES_SHIFT = 9;
    private static final int ENTRIES = 1 << ENTRIES_SHIFT;
    private static final int PML4_SHIFT = 27; // of a gfn
    private static final long READ_WRITE_EXECUTE = 7;
    private static final long WRITE_BACK = 6 << 3;
    /** Bits 5:0 of an EPT pointer: write-back, a page walk of four levels, less one (§25.6.11). */
    private static final long POINTER_ATTRIBUTES = 6 | 3 << 3;

    private final MachineMemory machine;
    private final int[] frames;
    private int used;

    /** @throws MachineMemoryExhausted when the host has no room for the tables of so large a guest */
    ExtendedPageTables(GuestMemory memory) {
        machine = memory.machine();
        frames = new int[most(memory.endFrame())];
        if (!machine.reserve(frames.length)) throw new MachineMemoryExhausted(frames.length, machine);
        table();
    }

    /** Frames that the tables for all gfns below {@code endFrame} take. */
    private static int most(int endFrame) {
        int tables = 1;
        for (int shift = ENTRIES_SHIFT; shift <= PML4_SHIFT; shift += ENTRIES_SHIFT) {
            tables += (endFrame - 1 >>> shift) + 1;
        }
        return tables;
    }

    /** The EPT pointer. */
    long pointer() {
        return (long) frames[0] << FRAME_SHIFT | POINTER_ATTRIBUTES;
    }

    void map(int gfn, int mfn) {
        int table = frames[0];
        for (int shift = PML4_SHIFT; shift > 0; shift -= ENTRIES_SHIFT) table = next(table, gfn >>> shift);
        HostMemory.putLong(entry(table, gfn), (long) mfn << FRAME_SHIFT | WRITE_BACK | READ_WRITE_EXECUTE);
    }

    /** Whether there is a translation for a page. */
    boolean maps(int gfn) {
        int table = frames[0];
        for (int shift = PML4_SHIFT; shift > 0; shift -= ENTRIES_SHIFT) {
            long lower = HostMemory.getLong(entry(table, gfn >>> shift));
            if (lower == 0) return false;
            table = (int) (lower >>> FRAME_SHIFT);
        }
        return HostMemory.getLong(entry(table, gfn)) != 0;
    }

    private int next(int table, int index) {
        long address = entry(table, index);
        long entry = HostMemory.getLong(address);
        if (entry != 0) return (int) (entry >>> FRAME_SHIFT);
        int lower = table();
        HostMemory.putLong(address, (long) lower << FRAME_SHIFT | READ_WRITE_EXECUTE);
        return lower;
    }

    private long entry(int table, int index) {
        return machine.addressOf(table) + (long) Long.BYTES * (index & ENTRIES - 1);
    }

    private int table() {
        frames[used] = machine.allocate();
        return frames[used++];
    }

    /** Forgets all translations. The processor's derived ones have to be invalidated. */
    void clear() {
        while (used > 1) machine.release(frames[--used]);
        HostMemory.fill(machine.addressOf(frames[0]), FRAME_SIZE, (byte) 0);
        Arrays.fill(frames, 1, frames.length, 0);
    }

    void close() {
        while (used > 0) machine.release(frames[--used]);
        machine.unreserve(frames.length);
    }
}
