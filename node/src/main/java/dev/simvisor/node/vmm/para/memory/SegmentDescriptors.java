package dev.simvisor.node.vmm.para.memory;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.system.SegmentDescriptor;
import dev.simvisor.node.vmm.para.abi.XenError;

/** Which descriptors a guest may have in its descriptor tables: nothing that leads into the VMM's ring. */
public final class SegmentDescriptors {
    private static final long DPL_RING_3 = 3L << 45;
    private static final long PRESENT = 1L << 47;
    private static final long SYSTEM_IF_CLEAR = 1L << 44;
    private static final long LONG = 1L << 53;

    private SegmentDescriptors() {}

    static void validate(FrameTable frames, int gfn) {
        for (int index = 0; index < PageTableEntry.ENTRIES; index++) {
            long descriptor = frames.read(gfn, index);
            long checked = checked(descriptor);
            if (checked != descriptor) frames.write(gfn, index, checked);
        }
    }

    /** The descriptor as it may stand in a table: its privilege level raised to 3; throws EINVAL if nothing like it may. */
    public static long checked(long descriptor) {
        if ((descriptor & PRESENT) == 0) return descriptor;
        int rights = SegmentDescriptor.rights(descriptor);
        // Call gates and other system descriptors are for 32-bit guests at the most.
        if ((descriptor & SYSTEM_IF_CLEAR) == 0) throw XenError.EINVAL;
        boolean code = (rights & AccessRights.CODE) != 0;
        boolean conforming = code && (rights & AccessRights.CONFORMING) != 0;
        if (conforming && AccessRights.dpl(rights) != 3) throw XenError.EINVAL;
        if (code && (descriptor & LONG) != 0 && (rights & AccessRights.DEFAULT_BIG) != 0) throw XenError.EINVAL;
        return descriptor | DPL_RING_3;
    }
}
