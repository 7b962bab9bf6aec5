package dev.simvisor.node.machine.acpi;

import static dev.simvisor.node.machine.acpi.Aml.device;
import static dev.simvisor.node.machine.acpi.Aml.eisaId;
import static dev.simvisor.node.machine.acpi.Aml.integer;
import static dev.simvisor.node.machine.acpi.Aml.join;
import static dev.simvisor.node.machine.acpi.Aml.littleEndian;
import static dev.simvisor.node.machine.acpi.Aml.name;
import static dev.simvisor.node.machine.acpi.Aml.packageOf;
import static dev.simvisor.node.machine.acpi.Aml.scope;

import dev.simvisor.node.machine.device.apic.IoApic;
import dev.simvisor.node.machine.device.apic.LocalApic;
import dev.simvisor.node.machine.device.power.PowerControl;
import dev.simvisor.node.machine.device.rtc.Mc146818;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.pci.PciBus;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The ACPI tables of the machine: RSDP, RSDT, XSDT, FADT, FACS, MADT and DSDT (ACPI Specification 6.5 §5.2). They are written
 * into its memory below 1 MiB, or {@linkplain TableLoader given to firmware}, which finds a place for them.
 */
public final class AcpiTables {
    /** Where the RSDP is; systems look for it in the 128 KiB from here on. */
    public static final long START = 0xE_0000;

    /** Memory from {@link #START} up to here is set aside for firmware. */
    public static final long END = 0x10_0000;

    /** Room for the RSDP before the tables. */
    private static final int RSDP_ROOM = 0x40;

    /** The FACS needs it, the others need little. */
    private static final int ALIGNMENT = 64;

    private static final int RSDP_LENGTH = 36;
    private static final int RSDP_RSDT = 16;
    private static final int RSDP_XSDT = 24;
    private static final int RSDP_CHECKSUM = 8;
    private static final int RSDP_EXTENDED_CHECKSUM = 32;
    private static final int RSDP_ORIGINAL_LENGTH = 20;
    private static final int HEADER_LENGTH = 36;
    private static final int HEADER_CHECKSUM = 9;
    private static final int FADT_LENGTH = 276;
    private static final int FADT_FACS = 36;
    private static final int FADT_DSDT = 40;
    private static final int FADT_LONG_DSDT = 140;
    private static final int FACS_LENGTH = 64;

    private static final byte[] OEM_ID = ascii("SIMVSR");
    private static final byte[] OEM_TABLE_ID = ascii("SIMVISOR");

    // FADT fixed feature flags, table 5.10
    private static final int WBINVD = 1;
    private static final int PROCESSOR_C1 = 1 << 2;
    private static final int NO_SLEEP_BUTTON = 1 << 5;
    private static final int TIMER_32_BITS = 1 << 8;
    private static final int RESET_REGISTER = 1 << 10;

    // FADT IA-PC boot architecture flags, table 5.11
    private static final int LEGACY_DEVICES = 1;
    private static final int NO_VGA = 1 << 2;
    private static final int NO_MSI = 1 << 3;
    private static final int NO_ASPM = 1 << 4;

    private static final int MADT_8259_PRESENT = 1;
    private static final int ISA_INTERRUPTS = 16;
    private static final int LEVEL_ACTIVE_HIGH = 0x0D; // MPS INTI flags

    /**
     * Where the board put what the tables name.
     *
     * @param pciInterrupts the global system interrupts that INTA# of the slots is wired to, in turn, from slot 0 on
     */
    public record Layout(
            int processors,
            int systemControlInterrupt,
            int eventPorts,
            int controlPorts,
            int timerPort,
            int resetPort,
            long pciMemoryStart,
            long pciMemoryEnd,
            List<Integer> pciInterrupts) {
        public Layout {
            pciInterrupts = List.copyOf(pciInterrupts);
        }

        private int pciInterrupt(int slot) {
            return pciInterrupts.get(slot % pciInterrupts.size());
        }
    }

    private final Layout layout;
    private final long base;
    private final ByteArrayOutputStream tables = new ByteArrayOutputStream();
    private final List<TableLoader.Pointer> pointers = new ArrayList<>();
    private final List<TableLoader.Checksum> checksums = new ArrayList<>();
    private byte[] rootPointer = {};

    /** @param base address of the first table */
    private AcpiTables(Layout layout, long base) {
        this.layout = layout;
        this.base = base;
        placeAll();
    }

    /** Writes all tables; returns the address of the RSDP. */
    public static long write(GuestMemory memory, Layout layout) {
        AcpiTables placed = new AcpiTables(layout, START + RSDP_ROOM);
        byte[] bytes = placed.tables.toByteArray();
        if (START + RSDP_ROOM + bytes.length > END) {
            throw new IllegalStateException("the ACPI tables exceed " + (END - START) + " bytes");
        }
        memory.write(START + RSDP_ROOM, bytes);
        memory.write(START, placed.rootPointer);
        return START;
    }

    /** The tables for firmware to place. */
    public static TableLoader loader(Layout layout) {
        AcpiTables relative = new AcpiTables(layout, 0);
        byte[] tables = relative.tables.toByteArray();
        // Firmware may store what makes the range as it finds it add up to 0, the byte that it stores it to included.
        for (TableLoader.Checksum checksum : relative.checksums) {
            byte[] file = checksum.file().equals(TableLoader.TABLES) ? tables : relative.rootPointer;
            file[checksum.offset()] = 0;
        }
        return new TableLoader(relative.rootPointer, tables, relative.pointers, relative.checksums);
    }

    private void placeAll() {
        long facs = place(facs());
        long dsdt = placeTable(table("DSDT", 2, dsdt()));
        long fadt = placeTable(table("FACP", 5, fadt(facs, dsdt)), FADT_FACS, FADT_DSDT);
        pointers.add(new TableLoader.Pointer(TableLoader.TABLES, (int) (fadt - base) + FADT_LONG_DSDT, Long.BYTES));
        long madt = placeTable(table("APIC", 4, madt()));
        long rsdt = placeTable(
                table("RSDT", 1, join(littleEndian(fadt, 4), littleEndian(madt, 4))), HEADER_LENGTH, HEADER_LENGTH + 4);
        long xsdt = placeTable(table("XSDT", 1, join(littleEndian(fadt, 8), littleEndian(madt, 8))));
        for (int entry = 0; entry < 2; entry++) {
            int offset = (int) (xsdt - base) + HEADER_LENGTH + entry * Long.BYTES;
            pointers.add(new TableLoader.Pointer(TableLoader.TABLES, offset, Long.BYTES));
        }
        rootPointer = rsdp(rsdt, xsdt);
        pointers.add(new TableLoader.Pointer(TableLoader.ROOT_POINTER, RSDP_RSDT, Integer.BYTES));
        pointers.add(new TableLoader.Pointer(TableLoader.ROOT_POINTER, RSDP_XSDT, Long.BYTES));
        checksums.add(new TableLoader.Checksum(TableLoader.ROOT_POINTER, RSDP_CHECKSUM, 0, RSDP_ORIGINAL_LENGTH));
        checksums.add(new TableLoader.Checksum(TableLoader.ROOT_POINTER, RSDP_EXTENDED_CHECKSUM, 0, RSDP_LENGTH));
    }

    /** Places a table with a checksum, and with 32-bit pointers to others at the offsets. */
    private long placeTable(byte[] table, int... pointerOffsets) {
        long address = place(table);
        int offset = (int) (address - base);
        for (int pointer : pointerOffsets) {
            pointers.add(new TableLoader.Pointer(TableLoader.TABLES, offset + pointer, Integer.BYTES));
        }
        checksums.add(new TableLoader.Checksum(TableLoader.TABLES, offset + HEADER_CHECKSUM, offset, table.length));
        return address;
    }

    private long place(byte[] table) {
        while (tables.size() % ALIGNMENT != 0) {
            tables.write(0);
        }
        long address = base + tables.size();
        tables.writeBytes(table);
        return address;
    }

    private static byte[] rsdp(long rsdt, long xsdt) {
        byte[] rsdp = join(
                ascii("RSD PTR "),
                new byte[] {0},
                OEM_ID,
                new byte[] {2},
                littleEndian(rsdt, 4),
                littleEndian(RSDP_LENGTH, 4),
                littleEndian(xsdt, 8),
                new byte[4]);
        rsdp[RSDP_CHECKSUM] = checksum(rsdp, RSDP_ORIGINAL_LENGTH);
        rsdp[RSDP_EXTENDED_CHECKSUM] = checksum(rsdp, RSDP_LENGTH);
        return rsdp;
    }

    private static byte[] table(String signature, int revision, byte[] contents) {
        byte[] table = join(
                ascii(signature),
                littleEndian(HEADER_LENGTH + contents.length, 4),
                new byte[] {(byte) revision, 0},
                OEM_ID,
                OEM_TABLE_ID,
                littleEndian(1, 4),
                ascii("SIMV"),
                littleEndian(1, 4),
                contents);
        table[HEADER_CHECKSUM] = checksum(table, table.length);
        return table;
    }

    /** The byte that makes all bytes add up to 0. */
    private static byte checksum(byte[] bytes, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }

    private static byte[] facs() {
        byte[] facs = new byte[FACS_LENGTH];
        System.arraycopy(ascii("FACS"), 0, facs, 0, 4);
        facs[4] = FACS_LENGTH;
        facs[32] = 2; // version
        return facs;
    }

    /** The FADT after its header, table 5.9; offsets in comments are those of the whole table. */
    private byte[] fadt(long facs, long dsdt) {
        byte[] fadt = new byte[FADT_LENGTH - HEADER_LENGTH];
        put(fadt, FADT_FACS, facs, 4);
        put(fadt, FADT_DSDT, dsdt, 4);
        put(fadt, 46, layout.systemControlInterrupt(), 2);
        put(fadt, 56, layout.eventPorts(), 4);
        put(fadt, 64, layout.controlPorts(), 4);
        put(fadt, 76, layout.timerPort(), 4);
        put(fadt, 88, 4, 1); // PM1 event block length
        put(fadt, 89, 2, 1); // PM1 control block length
        put(fadt, 91, 4, 1); // PM timer length
        put(fadt, 96, 0xFFFF, 2); // no C2
        put(fadt, 98, 0xFFFF, 2); // no C3
        put(fadt, 108, Mc146818.CENTURY, 1);
        put(fadt, 109, LEGACY_DEVICES | NO_VGA | NO_MSI | NO_ASPM, 2); // no 8042: there is no keyboard behind it
        put(fadt, 112, WBINVD | PROCESSOR_C1 | NO_SLEEP_BUTTON | TIMER_32_BITS | RESET_REGISTER, 4);
        putPort(fadt, 116, layout.resetPort(), 8);
        put(fadt, 128, PowerControl.RESET_VALUE, 1);
        put(fadt, 131, 1, 1); // minor version; the FACS has a 32-bit address, so no 64-bit one
        put(fadt, FADT_LONG_DSDT, dsdt, 8);
        putPort(fadt, 148, layout.eventPorts(), 32);
        putPort(fadt, 172, layout.controlPorts(), 16);
        putPort(fadt, 208, layout.timerPort(), 32);
        return fadt;
    }

    private static void put(byte[] table, int offset, long value, int size) {
        System.arraycopy(littleEndian(value, size), 0, table, offset - HEADER_LENGTH, size);
    }

    /** A generic address structure (§5.2.3.2) that names ports. */
    private static void putPort(byte[] table, int offset, int port, int bits) {
        put(table, offset, 1, 1); // system I/O space
        put(table, offset + 1, bits, 1);
        put(table, offset + 3, bits == 8 ? 1 : bits == 16 ? 2 : 3, 1); // access size
        put(table, offset + 4, port, 8);
    }

    private byte[] madt() {
        byte[] madt = join(littleEndian(LocalApic.DEFAULT_BASE, 4), littleEndian(MADT_8259_PRESENT, 4));
        for (int i = 0; i < layout.processors(); i++) {
            madt = join(madt, new byte[] {0, 8, (byte) i, (byte) i}, littleEndian(1, 4));
        }
        byte[] ioApic = join(
                new byte[] {1, 12, (byte) layout.processors(), 0},
                littleEndian(IoApic.DEFAULT_BASE, 4),
                littleEndian(0, 4));
        int systemControl = layout.systemControlInterrupt();
        madt = join(
                madt, ioApic, sourceOverride(0, 2, 0), sourceOverride(systemControl, systemControl, LEVEL_ACTIVE_HIGH));
        for (int interrupt : layout.pciInterrupts()) {
            if (interrupt < ISA_INTERRUPTS) {
                madt = join(madt, sourceOverride(interrupt, interrupt, LEVEL_ACTIVE_HIGH));
            }
        }
        byte[] lint1IsNmi = {4, 6, (byte) 0xFF, 0, 0, 1};
        return join(madt, lint1IsNmi);
    }

    private static byte[] sourceOverride(int irq, int pin, int flags) {
        return join(new byte[] {2, 10, 0, (byte) irq}, littleEndian(pin, 4), littleEndian(flags, 2));
    }

    private byte[] dsdt() {
        byte[] pci = device(
                "PCI0",
                name("_HID", eisaId("PNP0A03")),
                name("_UID", integer(0)),
                name("_ADR", integer(0)),
                name("_BBN", integer(0)),
                name("_CRS", pciResources()),
                name("_PRT", pciRouting()));
        byte[] rtc = device(
                "RTC0",
                name("_HID", eisaId("PNP0B00")),
                name("_CRS", new ResourceTemplate().ports(0x70, 2).interrupt(8).encode()));
        byte[] serial = device(
                "COM1",
                name("_HID", eisaId("PNP0501")),
                name("_UID", integer(1)),
                name("_CRS", new ResourceTemplate().ports(0x3F8, 8).interrupt(4).encode()));
        byte[] off = packageOf(
                integer(PowerControl.SLEEP_TYPE_OFF), integer(PowerControl.SLEEP_TYPE_OFF), integer(0), integer(0));
        return join(name("\\_S5", off), scope("\\_SB", pci, rtc, serial));
    }

    private byte[] pciResources() {
        return new ResourceTemplate()
                .busNumbers(0, 0xFF)
                .ports(0xCF8, 8)
                .portWindow(0, 0xCF7)
                .portWindow(0xD00, 0xFFFF)
                .memoryWindow(layout.pciMemoryStart(), layout.pciMemoryEnd() - 1)
                .encode();
    }

    /** _PRT: INTA# of each slot is wired to an interrupt for good (§6.2.13). */
    private byte[] pciRouting() {
        byte[][] rows = new byte[PciBus.SLOTS - 1][];
        for (int slot = 1; slot < PciBus.SLOTS; slot++) {
            rows[slot - 1] = packageOf(
                    integer((long) slot << 16 | 0xFFFF), integer(0), integer(0), integer(layout.pciInterrupt(slot)));
        }
        return packageOf(rows);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
