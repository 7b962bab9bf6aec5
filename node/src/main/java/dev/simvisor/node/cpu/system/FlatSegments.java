package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;

/** The code and stack segments that fast system calls load without reading a descriptor: base 0, limit 4 GiB. */
public final class FlatSegments {
    private static final long LIMIT = 0xFFFF_FFFFL;
    private static final int COMMON =
            AccessRights.PRESENT | AccessRights.CODE_OR_DATA | AccessRights.ACCESSED | AccessRights.GRANULARITY;
    private static final int CODE = COMMON | AccessRights.CODE | AccessRights.READABLE;
    private static final int STACK = COMMON | AccessRights.WRITABLE | AccessRights.DEFAULT_BIG;

    private FlatSegments() {}

    /** {@code size}: 32 or 64. The caller updates the mode. */
    public static void setCode(Cpu cpu, int selector, int privilege, int size) {
        int kind = size == 64 ? AccessRights.LONG : AccessRights.DEFAULT_BIG;
        set(cpu, CS, selector, privilege, CODE | kind);
    }

    public static void setStack(Cpu cpu, int selector, int privilege) {
        set(cpu, SS, selector, privilege, STACK);
    }

    private static void set(Cpu cpu, int segment, int selector, int privilege, int rights) {
        cpu.selector[segment] = Selector.withPrivilege(selector, privilege) & 0xFFFF;
        cpu.segmentBase[segment] = 0;
        cpu.segmentLimit[segment] = LIMIT;
        cpu.segmentRights[segment] = rights | privilege << AccessRights.DPL_SHIFT;
    }
}
