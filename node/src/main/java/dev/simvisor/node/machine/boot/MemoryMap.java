package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.acpi.AcpiTables;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/** What firmware says of memory, in the terms of INT 15h, AX=E820h (ACPI 6.5 §15). */
public final class MemoryMap {
    /** Start of the kilobyte that firmware keeps for itself below 640 KiB. */
    static final long EXTENDED_BIOS_DATA = 0x9_FC00;

    /** Kinds of ranges; the value is the one in tables. */
    public enum Kind {
        USABLE(1),
        RESERVED(2);

        private final int value;

        Kind(int value) {
            this.value = value;
        }

        public int value() {
            return value;
        }
    }

    /** A range of physical addresses. */
    public record Range(long start, long length, Kind kind) {}

    private MemoryMap() {}

    /** The map of a machine, in ascending order. */
    public static List<Range> of(GuestMemory memory) {
        List<Range> ranges = new ArrayList<>();
        ranges.add(between(0, EXTENDED_BIOS_DATA, Kind.USABLE));
        ranges.add(between(EXTENDED_BIOS_DATA, GuestMemory.DISPLAY_START, Kind.RESERVED));
        ranges.add(between(AcpiTables.START, AcpiTables.END, Kind.RESERVED));
        ranges.add(between(AcpiTables.END, memory.lowEnd(), Kind.USABLE));
        if (memory.highEnd() > GuestMemory.HIGH_START) {
            ranges.add(between(GuestMemory.HIGH_START, memory.highEnd(), Kind.USABLE));
        }
        return ranges;
    }

    private static Range between(long start, long end, Kind kind) {
        return new Range(start, end - start, kind);
    }
}
