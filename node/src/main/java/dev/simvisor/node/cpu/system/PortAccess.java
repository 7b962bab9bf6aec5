package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;

/** Access to the I/O port space: permission, time, breakpoints, and the end of the block (SDM Vol 1 §19.5). */
public final class PortAccess {
    private static final int BITMAP_POINTER = 0x66;
    /** Smallest limit of a TSS that holds the pointer. */
    private static final int SMALLEST_LIMIT = 0x67;

    private PortAccess() {}

    /** Checks permission and reads {@code bytes} (1, 2 or 4), zero-extended. */
    public static int read(Cpu cpu, int port, int bytes) {
        check(cpu, port, bytes);
        cpu.endBlock();
        cpu.charge(cpu.costs.portIo());
        int value = cpu.bus.in(port, bytes);
        DebugRegisters.checkPort(cpu, port, bytes);
        return value;
    }

    public static void write(Cpu cpu, int port, int bytes, int value) {
        check(cpu, port, bytes);
        cpu.endBlock();
        cpu.charge(cpu.costs.portIo());
        cpu.bus.out(port, bytes, value);
        DebugRegisters.checkPort(cpu, port, bytes);
    }

    /** Raises #GP(0) unless IOPL or the TSS's I/O permission bitmap allows the access. */
    public static void check(Cpu cpu, int port, int bytes) {
        boolean free = !cpu.virtual8086 && cpu.cpl <= cpu.ioPrivilegeLevel();
        if (!free && !bitmapAllows(cpu, port, bytes)) throw cpu.generalProtection(0);
    }

    private static boolean bitmapAllows(Cpu cpu, int port, int bytes) {
        long limit = cpu.segmentLimit[TR];
        boolean unusable = (cpu.segmentRights[TR] & AccessRights.UNUSABLE) != 0;
        if (unusable || TaskStateSegment.is16Bit(cpu) || limit < SMALLEST_LIMIT) return false;
        int bitmap = cpu.memory.readSystem16(TaskStateSegment.address(cpu, BITMAP_POINTER));
        int offset = bitmap + (port >>> 3);
        // Two bytes are always read, so that an access may span them.
        if (offset + 1 > limit) return false;
        int bits = cpu.memory.readSystem16(TaskStateSegment.address(cpu, offset));
        int wanted = (1 << bytes) - 1 << (port & 7);
        return (bits & wanted) == 0;
    }
}
