package dev.simvisor.node.vmm.hardware;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.machine.Machine;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.SplittableRandom;

/**
 * Seeded kernels that do everything a guest's ring 0 can do, sensibly or not: what they do is of no interest, but that it is the
 * same with and without a VMM.
 */
final class Kernel {
    private static final int GDT = 0x1000;
    private static final int IDT = 0x2000;
    private static final int TSS = 0x3000;
    private static final int HANDLERS = 0x4000;
    private static final int CODE = 0x8000;
    private static final int STACK = 0x7FF0;
    private static final int PAGE_TABLES = 0x20000;
    private static final int SNIPPETS = 400;

    /** What handlers do before they return, one per vector by chance. */
    private static final String[] HANDLERS_64 = {
        "48CF", // iretq
        "50 B0 20 E6 20 58 48CF", // end of interrupt to the first 8259A
        "48 83 04 24 02 48CF", // past a two-byte instruction (no error code)
        "48 83 C4 08 48 83 04 24 03 48CF", // drops an error code, goes on three bytes later
        "48 83 C4 08 48 83 04 24 02 48CF",
        "57 BF B0 00 E0 FE C7 07 00 00 00 00 5F 48CF",
        "FB 90 57 BF B0 00 E0 FE C7 07 00 00 00 00 5F 48CF", // lets interrupts in
        "48 83 C4 08 48CF"
    };

    private static final String[] SNIPPETS_64 = {
        "90",
        "FA",
        "FB",
        "FB F4",
        "9C 9D",
        "0FA2",
        "0F31",
        "E4 61",
        "E4 40",
        "B0 41 E6 E9",
        "E6 80",
        "66 BA FD 03 EC",
        "48 FF C0",
        "48 01 D8",
        "50 58",
        "31 C0",
        "48 89 04 25 00 60 00 00",
        "48 8B 04 25 00 60 00 00",
        "0F 20 D8 0F 22 D8",
        "0F 20 C0 0F 22 C0",
        "0F 20 E0 0F 22 E0",
        "44 0F 20 C0",
        "44 0F 22 C0",
        "31 C0 44 0F 22 C0",
        "0F 06",
        "0F 01 E0",
        "0F 01 F0",
        "0F 01 04 25 00 61 00 00",
        "0F 01 0C 25 10 61 00 00",
        "0F 00 C8",
        "0F 00 C0",
        "0F 01 3C 25 00 60 00 00",
        "0F 08",
        "0F 09",
        "0F 01 F9",
        "B9 10 00 00 00 0F 32",
        "B9 3B 00 00 00 0F 32",
        "B9 3B 00 00 00 31 C0 31 D2 FF C0 0F 30",
        "B9 1B 00 00 00 0F 32",
        "B9 E0 06 00 00 0F 32",
        "B9 80 00 00 C0 0F 32",
        "B9 82 00 00 C0 0F 32 0F 30",
        "B9 00 01 00 C0 31 D2 0F 30",
        "B9 99 99 00 00 0F 32",
        "B9 FE 00 00 00 0F 32",
        "B9 03 01 00 C0 31 D2 0F 30",
        "0F 33",
        "0F 0B",
        "CC",
        "CD 40",
        "F1",
        "31 D2 31 C9 F7 F1",
        "8B 04 25 00 00 00 80",
        "48 B8 00 00 00 00 00 80 00 00 48 8B 00",
        "A1 20 00 E0 FE 00 00 00 00",
        "8B 04 25 20 00 E0 FE",
        "48 B8 20 00 E0 FE 00 00 00 00 8B 08",
        "48 B8 80 00 E0 FE 00 00 00 00 89 08",
        "48 B8 00 00 C0 FE 00 00 00 00 8B 08 FF 00",
        "48 B8 00 00 0A 00 00 00 00 00 01 08",
        "48 B8 00 00 00 F0 00 00 00 00 8B 08",
        "48 BF 00 60 00 00 00 00 00 00 B9 40 00 00 00 F3 AA",
        "48 BE 00 00 C0 FE 00 00 00 00 48 BF 00 62 00 00 00 00 00 00 B9 05 00 00 00 F3 A5",
        "48 BE F0 5F 00 00 00 00 00 00 48 BF F8 FF 2F 00 00 00 00 00 B9 20 00 00 00 F3 A5",
        "FC",
        "FD",
        "66 BA 60 00 48 BF 00 64 00 00 00 00 00 00 B9 03 00 00 00 F3 6C",
        "66 BA E9 00 48 BE 00 60 00 00 00 00 00 00 B9 03 00 00 00 F3 6E",
        "66 B8 10 00 8E D0",
        "66 B8 10 00 8E D0 FB",
        "8E D8",
        "66 B8 10 00 8E C0",
        "FB E4 61",
        "FB 0F A2",
        "FB 48 FF C3",
        "9C 80 4C 24 01 01 9D",
        "9C 80 64 24 01 FE 9D",
        "9C 80 4C 24 02 01 9D",
        "B8 00 60 00 00 0F 23 C0 B8 01 00 0D 00 0F 23 F8",
        "B8 00 82 00 00 0F 23 C8 B8 08 04 00 00 0F 23 F8",
        "B8 00 04 00 00 0F 23 F8",
        "0F 21 F0",
        "B8 00 20 00 00 0F 23 F8",
        "C6 04 25 40 80 00 00 90",
        "C6 05 02 00 00 00 90 EB 00",
        "C7 05 00 00 00 00 90 90 90 90",
        "48 83 0C 25 30 20 02 00 00",
        "48 81 24 25 28 20 02 00 FE FF FF FF",
        "0F 01 3C 25 00 00 A0 00",
        "8B 04 25 00 00 A0 00",
        "48 0F BA 2C 25 20 20 02 00 3F",
        "66 0F 6F C1 66 0F EF C1",
        "D9 E8 D8 C0 DD D8",
        "0F AE 1C 25 00 66 00 00",
        "68 00 80 00 00 C3",
        "48 8D 64 24 F8",
        "BC F0 7F 00 00",
        "BC 00 00 30 00 50",
        "48 BC 00 00 C0 FE 00 00 00 00 50 BC F0 7F 00 00",
        "B0 11 E6 20 B0 20 E6 21 B0 04 E6 21 B0 01 E6 21",
        "B0 00 E6 21",
        "B0 34 E6 43 B0 40 E6 40 B0 00 E6 40",
        "B0 20 E6 20",
        "6A 23 68 F0 7F 00 00 6A 02 6A 1B 68 00 81 00 00 48 CF",
        "0F 05",
        "EB 00",
        "E8 00 00 00 00 58",
        "0F 01 14 25 40 61 00 00",
        "0F 01 D0",
        "D7",
        "F0 48 0F B1 0C 25 00 60 00 00",
        "FF 24 25 00 60 00 00",
        "BF 80 00 E0 FE C7 07 40 00 00 00",
        "BF 80 00 E0 FE C7 07 00 00 00 00",
        "BF 00 03 E0 FE C7 07 31 00 04 00",
        "BF 00 03 E0 FE C7 07 32 00 04 00",
        "FB F4 FA",
        "8E D0 8B 07",
        "66 B8 10 00 8E D0 0F A2",
        "F3 90",
        "48 CF",
        "CB",
        "8E E8",
        "0F A1",
        "0F 00 D8",
        "0F 00 D0",
        "66 0F 38 00 C1",
        "EC",
        "EF",
        "ED",
        "EE"
    };

    /** Lets the local APIC's timer interrupt through vector 30H every few hundred instructions. */
    private static final String START = "BF F0 00 E0 FE C7 07 FF 01 00 00 BF E0 03 E0 FE C7 07 0B 00 00 00"
            + "BF 20 03 E0 FE C7 07 30 00 02 00 BF 80 03 E0 FE C7 07 C8 00 00 00 FB";

    private static final int TIMER_VECTOR = 0x30;
    private static final String END_OF_INTERRUPT = "57 BF B0 00 E0 FE C7 07 00 00 00 00 5F 48CF";

    private final SplittableRandom random;

    Kernel(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Puts the kernel into a machine's memory and its processor before the first instruction. */
    void load(Machine machine) {
        Cpu cpu = machine.cpu();
        boolean wide = random.nextInt(4) != 0;
        boolean paging = wide || random.nextBoolean();
        tables(machine, wide);
        code(machine);
        if (wide) {
            pageTables(machine);
            cpu.cr4 = ControlRegister.CR4_PAE
                    | ControlRegister.CR4_DE
                    | ControlRegister.CR4_PGE
                    | ControlRegister.CR4_OSFXSR;
            cpu.msr.efer = ModelSpecificRegisters.EFER_LME
                    | ModelSpecificRegisters.EFER_LMA
                    | ModelSpecificRegisters.EFER_SCE
                    | ModelSpecificRegisters.EFER_NXE;
            cpu.msr.lstar = CODE;
            cpu.msr.star = 0x0010_0008L << 32;
        } else if (paging) {
            for (int n = 0; n < 1024; n++) store(machine, PAGE_TABLES + 4 * n, 4, (long) n << 22 | 0x87);
            cpu.cr4 = ControlRegister.CR4_PSE;
        }
        cpu.cr3 = PAGE_TABLES;
        cpu.cr0 = ControlRegister.CR0_PE
                | ControlRegister.CR0_NE
                | ControlRegister.CR0_ET
                | (paging ? ControlRegister.CR0_PG : 0);
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            boolean isCode = segment == SegmentRegister.CS;
            cpu.selector[segment] = isCode ? 8 : 16;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = !isCode ? 0xC093 : wide ? 0xA09B : 0xC09B;
        }
        cpu.gpr[Cpu.RSP] = STACK;
        cpu.rip = CODE;
        cpu.memory.flushAll();
        cpu.updateMode();
    }

    private void tables(Machine machine, boolean wide) {
        Cpu cpu = machine.cpu();
        long code = wide ? 0x00AF_9B00_0000_FFFFL : 0x00CF_9B00_0000_FFFFL;
        long data = 0x00CF_9300_0000_FFFFL;
        long user = 3L << 45;
        long[] descriptors = {
            0,
            code,
            data,
            code | user,
            data | user,
            0x0000_8900_0000_0067L | TSS << 16,
            0,
            0x0000_8900_0000_0067L | TSS + 0x100 << 16,
            0x0000_E500_0038_0000L
        };
        for (int n = 0; n < descriptors.length; n++) store(machine, GDT + 8 * n, 8, descriptors[n]);
        for (int n = 0; n < 64; n++) {
            int handler = HANDLERS + 32 * n;
            int kind = random.nextInt(8) == 0 ? 0x8F : 0x8E;
            long gate = handler & 0xFFFFL | 8 << 16 | (long) kind << 40;
            if (random.nextInt(16) == 0) gate &= ~(0x80L << 40);
            store(machine, IDT + (wide ? 16 : 8) * n, 8, gate);
            String body = HANDLERS_64[hasErrorCode(n) ? 2 + random.nextInt(4) : random.nextInt(HANDLERS_64.length)];
            machine.memory().write(handler, bytes(n == TIMER_VECTOR ? END_OF_INTERRUPT : body));
        }
        store(machine, TSS + 4, 8, STACK - 0x400);
        if (!wide) store(machine, TSS + 8, 4, 16);
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 0xFF;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = (wide ? 16 : 8) * 64 - 1;
        cpu.selector[SegmentRegister.TR] = 0x28;
        cpu.segmentBase[SegmentRegister.TR] = TSS;
        cpu.segmentLimit[SegmentRegister.TR] = 0x67;
        cpu.segmentRights[SegmentRegister.TR] = 0x8B;
        store(machine, 0x6140, 2, 0xFF);
        store(machine, 0x6142, 8, GDT);
        store(machine, 0x6000, 8, CODE + 0x100);
    }

    private static boolean hasErrorCode(int vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
    }

    /** Memory on itself: the first 2 MiB by small pages, the rest by large ones, some absent or not writable. */
    private void pageTables(Machine machine) {
        store(machine, PAGE_TABLES, 8, PAGE_TABLES + 0x1007);
        for (int gigabyte = 0; gigabyte < 4; gigabyte++) {
            int directory = PAGE_TABLES + 0x2000 + 0x1000 * gigabyte;
            store(machine, PAGE_TABLES + 0x1000 + 8 * gigabyte, 8, directory | 7);
            for (long n = 0; n < 512; n++)
                store(machine, directory + (int) n * 8, 8, (long) gigabyte << 30 | n << 21 | 0x87);
        }
        int table = PAGE_TABLES + 0x8000;
        store(machine, PAGE_TABLES + 0x2000, 8, table | 7);
        for (long n = 0; n < 512; n++) {
            long flags = random.nextInt(10) == 0 ? 5 : random.nextInt(10) == 0 ? 0x107 : 7;
            store(machine, table + (int) n * 8, 8, n << 12 | flags);
        }
    }

    private void code(Machine machine) {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        code.writeBytes(bytes(START));
        for (int n = 0; n < SNIPPETS; n++) {
            byte[] snippet = bytes(SNIPPETS_64[random.nextInt(SNIPPETS_64.length)]);
            if (random.nextInt(50) == 0) random.nextBytes(snippet);
            code.writeBytes(snippet);
        }
        code.writeBytes(bytes("E9 00 00 00 00"));
        byte[] bytes = code.toByteArray();
        // Back to the start.
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 4, -bytes.length);
        machine.memory().write(CODE, bytes);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static void store(Machine machine, int address, int size, long value) {
        machine.memory().write(address, size, value);
    }
}
