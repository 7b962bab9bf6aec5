package dev.simvisor.node.vmm.deprivileged;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.system.SegmentDescriptor;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.memory.GuestTranslation;
import dev.simvisor.node.vmm.memory.MachineBus;
import dev.simvisor.node.vmm.memory.VmmArea;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Shadows of the guest's GDT and LDT, which the physical processor's descriptor table registers name. They hold the guest's
 * code and data segments with privilege level 0 made 1. A descriptor that the processor may not use as it is (a gate, a
 * system segment, one whose accessed bit is yet to be set) is absent from the shadow: loading it faults, and the VMM loads it
 * on the virtual processor. The pages of the guest's tables are traced.
 */
final class ShadowDescriptors {
    private static final int LARGEST = 0x1_0000;
    private static final long DPL = 3L << 45;
    private static final long RING_1 = 1L << 45;
    private static final int USABLE = AccessRights.PRESENT | AccessRights.CODE_OR_DATA | AccessRights.ACCESSED;

    private final Cpu virtual;
    private final GuestMemory memory;
    private final MachineBus bus;
    private final VmmArea area;
    /** Pages of the guest's memory that the shadows were made from. */
    private final BitSet traced = new BitSet();
    /** Where the tables lie in guest-physical memory: pairs of first and last address. */
    private final List<long[]> extents = new ArrayList<>();

    private boolean stale = true;
    // What the shadows were made from.
    private long gdtBase;
    private int gdtLimit;
    private long ldtBase;
    private long ldtLimit = -1;
    private long addressSpace;

    ShadowDescriptors(Cpu virtual, GuestMemory memory, MachineBus bus, VmmArea area) {
        this.virtual = virtual;
        this.memory = memory;
        this.bus = bus;
        this.area = area;
    }

    /** The guest wrote to a traced page, perhaps one of the tables'. */
    void written(long address, long length) {
        for (long[] extent : extents) stale |= address <= extent[1] && address + length > extent[0];
    }

    /** Brings the shadows up to date with the guest's tables. */
    void update() {
        long ldtLimitNow = hasLdt() ? virtual.segmentLimit[SegmentRegister.LDTR] : -1;
        boolean same = !stale
                && gdtBase == virtual.gdtrBase
                && gdtLimit == virtual.gdtrLimit
                && ldtLimit == ldtLimitNow
                && (ldtLimit < 0 || ldtBase == virtual.segmentBase[SegmentRegister.LDTR])
                && addressSpace == virtual.cr3;
        if (same) return;
        stale = false;
        gdtBase = virtual.gdtrBase;
        gdtLimit = virtual.gdtrLimit;
        ldtLimit = ldtLimitNow;
        ldtBase = virtual.segmentBase[SegmentRegister.LDTR];
        addressSpace = virtual.cr3;
        BitSet before = (BitSet) traced.clone();
        traced.clear();
        extents.clear();
        copy(false, gdtBase, gdtLimit + 1L);
        if (ldtLimit >= 0) copy(true, ldtBase, Math.min(ldtLimit + 1, LARGEST));
        // Those that are traced still have never been untraced, and nobody needs to be told of them anew.
        before.stream().forEach(bus::untrace);
        virtual.memory.flushWrites();
    }

    private boolean hasLdt() {
        return (virtual.segmentRights[SegmentRegister.LDTR] & AccessRights.UNUSABLE) == 0;
    }

    private void copy(boolean local, long base, long bytes) {
        long page = GuestTranslation.NOT_MAPPED;
        for (int offset = 0; offset + 7 < bytes; offset += 8) {
            long linear = virtual.longMode ? base + offset : base + offset & 0xFFFF_FFFFL;
            // Tables are aligned to 8 bytes but in tests of the processor; others are never usable directly.
            if (offset == 0 || (linear & 0xFFF) < 8) {
                page = tracedPage(linear);
                long rest = Math.min(bytes - offset, 0x1000 - (linear & 0xFFF));
                long first = page | linear & 0xFFF;
                if (page != GuestTranslation.NOT_MAPPED) extents.add(new long[] {first, first + rest - 1});
            }
            boolean readable = page != GuestTranslation.NOT_MAPPED && (linear & 7) == 0;
            long descriptor = readable ? memory.read(page | linear & 0xFFF, 8) : 0;
            area.descriptor(local, offset, shadow(descriptor));
        }
    }

    private long tracedPage(long linear) {
        long physical = GuestTranslation.of(virtual, memory, linear);
        if (physical == GuestTranslation.NOT_MAPPED || !memory.isMemory(physical >>> FRAME_SHIFT)) {
            return GuestTranslation.NOT_MAPPED;
        }
        int gfn = (int) (physical >>> FRAME_SHIFT);
        if (!traced.get(gfn)) bus.trace(gfn);
        traced.set(gfn);
        return (long) gfn << FRAME_SHIFT;
    }

    private static long shadow(long descriptor) {
        int rights = SegmentDescriptor.rights(descriptor);
        boolean usable = (rights & USABLE) == USABLE;
        return switch (AccessRights.dpl(rights)) {
            case 0 -> usable ? descriptor & ~DPL | RING_1 : 0;
            case 3 -> usable ? descriptor : 0;
            default -> 0;
        };
    }
}
