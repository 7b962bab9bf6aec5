package dev.simvisor.node.vmm.hostile;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.random.RandomGenerator;

/**
 * A kernel of random misdeeds. It runs fragments of code, one after the other, for ever; whatever a fragment raises ends in
 * one handler, which mends what the kernel needs to live and goes on to the next fragment. A fragment that destroys more than
 * the handler can mend ends the machine, which is as good an end as any.
 *
 * <p>Memory: paging structures from 1000H, descriptor tables at 6000H, the handler at 8000H, fragments from 10000H, the stack
 * below 80000H; 4 MiB of memory, identity-mapped, and a window from 4 to 6 MiB of 4 KiB pages whose entries the
 * fragments change.
 */
final class HostileKernel {
    static final long MEMORY = 8 << 20;

    private static final long PML4 = 0x1000;
    private static final long PDPT = 0x2000;
    private static final long PAGE_DIRECTORY = 0x3000;
    private static final long WINDOW_TABLE = 0x4000;
    private static final long DEVICE_DIRECTORY = 0x5000;
    private static final long GDT = 0x6000;
    private static final long TSS = 0x6800;
    private static final long GDT_POINTER = 0x6F00;
    private static final long IDT_POINTER = 0x6F10;
    private static final long IDT = 0x7000;
    private static final long HANDLER = 0x8000;
    private static final long COUNTER = 0xA000;
    private static final long FRAGMENTS = 0x1_0000;
    private static final int FRAGMENT_BYTES = 0x200;
    private static final int FRAGMENT_COUNT = 64;
    private static final long STACK = 0x8_0000;
    private static final long WINDOW = 4 << 20;

    /** Present, writable, user, accessed, dirty. */
    private static final long ALL = 0x67;

    private static final long LARGE = 0x80;

    private static final int CODE = 0x08;
    private static final int DATA = 0x10;
    private static final int USER_CODE = 0x1B;
    private static final int USER_DATA = 0x23;
    private static final int TASK = 0x28;

    private static final int SHARED_RIGHTS = 0xC093;

    private final RandomGenerator random;
    private final boolean wide;
    /**
     * It tells the TLB of each change to a page table and stays in ring 0, where translation hides everything: what it does is
     * then the same on every processor.
     */
    private final boolean polite;

    /**
     * @param wide 64-bit code with 4-level paging, else 32-bit code with two levels
     */
    HostileKernel(RandomGenerator random, boolean wide, boolean polite) {
        this.random = random;
        this.wide = wide;
        this.polite = polite;
    }

    /** Puts the kernel into a machine that has executed nothing, and points the processor at it. */
    void install(Machine machine) {
        GuestMemory memory = machine.memory();
        pageTables(memory);
        descriptors(memory);
        memory.write(HANDLER, handler());
        for (int n = 0; n < FRAGMENT_COUNT; n++) memory.write(FRAGMENTS + (long) n * FRAGMENT_BYTES, fragment());
        registers(machine.cpu());
    }

    // ---- what the kernel stands on

    private void pageTables(GuestMemory memory) {
        if (!wide) {
            for (int n = 0; n < 2; n++) put32(memory, PAGE_DIRECTORY + 4L * n, (long) n << 22 | ALL | LARGE);
            put32(memory, PAGE_DIRECTORY + 4, WINDOW_TABLE | ALL);
            for (int n = 0x380; n < 0x400; n++) put32(memory, PAGE_DIRECTORY + 4L * n, (long) n << 22 | ALL | LARGE);
            for (int n = 0; n < 1024; n++) put32(memory, WINDOW_TABLE + 4L * n, windowEntry(n));
            return;
        }
        put64(memory, PML4, PDPT | ALL);
        put64(memory, PDPT, PAGE_DIRECTORY | ALL);
        put64(memory, PDPT + 8L * 3, DEVICE_DIRECTORY | ALL);
        for (int n = 0; n < 4; n++) put64(memory, PAGE_DIRECTORY + 8L * n, (long) n << 21 | ALL | LARGE);
        put64(memory, PAGE_DIRECTORY + 8L * 2, WINDOW_TABLE | ALL);
        for (int n = 0x100; n < 0x200; n++) {
            put64(memory, DEVICE_DIRECTORY + 8L * n, 0xC000_0000L + ((long) n << 21) | ALL | LARGE);
        }
        for (int n = 0; n < 512; n++) put64(memory, WINDOW_TABLE + 8L * n, windowEntry(n));
    }

    private static long windowEntry(int n) {
        return (2L << 20) + ((long) (n & 0xFF) << 12) | ALL;
    }

    private void descriptors(GuestMemory memory) {
        put64(memory, GDT + CODE, wide ? 0x00AF_9B00_0000_FFFFL : 0x00CF_9B00_0000_FFFFL);
        put64(memory, GDT + DATA, 0x00CF_9300_0000_FFFFL);
        if (!polite) {
            put64(memory, GDT + (USER_CODE & ~3), wide ? 0x00AF_FB00_0000_FFFFL : 0x00CF_FB00_0000_FFFFL);
            put64(memory, GDT + (USER_DATA & ~3), 0x00CF_F300_0000_FFFFL);
        }
        put64(memory, GDT + TASK, 0x0000_8B00_0000_0067L | TSS << 16);
        put32(memory, TSS + 4, STACK);
        put32(memory, TSS + 8, wide ? 0 : DATA);
        for (int vector = 0; vector < 256; vector++) {
            long low = HANDLER & 0xFFFF | (long) CODE << 16 | 0xEE00L << 32 | (HANDLER >>> 16) << 48;
            put64(memory, IDT + (wide ? 16L : 8L) * vector, low);
        }
        put64(memory, GDT_POINTER, 0x3FL | GDT << 16);
        put64(memory, IDT_POINTER, (wide ? 0xFFFL : 0x7FFL) | IDT << 16);
    }

    private void registers(Cpu cpu) {
        cpu.cr4 = ControlRegister.CR4_PSE | ControlRegister.CR4_PGE | (wide ? ControlRegister.CR4_PAE : 0);
        cpu.cr3 = wide ? PML4 : PAGE_DIRECTORY;
        cpu.msr.efer = wide
                ? ModelSpecificRegisters.EFER_LME
                        | ModelSpecificRegisters.EFER_LMA
                        | ModelSpecificRegisters.EFER_NXE
                        | (polite ? 0 : ModelSpecificRegisters.EFER_SCE)
                : 0;
        cpu.cr0 = goodCr0();
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 0x3F;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = wide ? 0xFFF : 0x7FF;
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            boolean code = segment == SegmentRegister.CS;
            cpu.selector[segment] = code ? CODE : DATA;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = code ? (wide ? 0xA09B : 0xC09B) : SHARED_RIGHTS;
        }
        cpu.selector[SegmentRegister.TR] = TASK;
        cpu.segmentBase[SegmentRegister.TR] = TSS;
        cpu.segmentLimit[SegmentRegister.TR] = 0x67;
        cpu.segmentRights[SegmentRegister.TR] = 0x8B;
        cpu.gpr[Cpu.RSP] = STACK;
        cpu.rip = HANDLER;
        cpu.updateMode();
    }

    private static long goodCr0() {
        return ControlRegister.CR0_PE
                | ControlRegister.CR0_ET
                | ControlRegister.CR0_NE
                | ControlRegister.CR0_WP
                | ControlRegister.CR0_PG;
    }

    /** Mends the lowest paging structures, control registers and descriptor tables; goes to the next fragment. */
    private byte[] handler() {
        CodeBuffer code = new CodeBuffer(wide);
        code.load(Cpu.RSP, STACK);
        if (wide) {
            code.store64(PML4, PDPT | ALL).store64(PDPT, PAGE_DIRECTORY | ALL);
            code.store64(PAGE_DIRECTORY, ALL | LARGE).store64(PAGE_DIRECTORY + 8L * 2, WINDOW_TABLE | ALL);
        } else {
            code.store(PAGE_DIRECTORY, ALL | LARGE).store(PAGE_DIRECTORY + 4, WINDOW_TABLE | ALL);
        }
        long cr4 = ControlRegister.CR4_PSE | ControlRegister.CR4_PGE | (wide ? ControlRegister.CR4_PAE : 0);
        code.load(Cpu.RAX, goodCr0()).toControlRegister(0);
        code.load(Cpu.RAX, cr4).toControlRegister(4);
        code.load(Cpu.RAX, wide ? PML4 : PAGE_DIRECTORY).toControlRegister(3);
        code.bytes(0x0F, 0x01, 0x14, 0x25).little(GDT_POINTER, 4); // LGDT
        code.bytes(0x0F, 0x01, 0x1C, 0x25).little(IDT_POINTER, 4); // LIDT
        code.load(Cpu.RAX, DATA).bytes(0x8E, 0xD0, 0x8E, 0xD8, 0x8E, 0xC0); // MOV SS, DS, ES, AX
        code.bytes(0xFF, 0x04, 0x25).little(COUNTER, 4); // INC dword [COUNTER]
        code.bytes(0x8B, 0x0C, 0x25).little(COUNTER, 4); // MOV ECX, [COUNTER]
        code.bytes(0x83, 0xE1, FRAGMENT_COUNT - 1, 0xC1, 0xE1, 9); // AND ECX; SHL ECX, 9
        code.bytes(0x81, 0xC1).little(FRAGMENTS, 4); // ADD ECX, FRAGMENTS
        code.load(Cpu.RBX, random.nextLong()).load(Cpu.RDX, random.nextLong());
        code.bytes(0xFF, 0xE1); // JMP rCX
        return code.toByteArray();
    }

    // ---- misdeeds

    private byte[] fragment() {
        CodeBuffer code = new CodeBuffer(wide);
        while (code.size() < FRAGMENT_BYTES - 80) misdeed(code);
        return code.bytes(0xCD, 0x30).toByteArray(); // INT 30H
    }

    private void misdeed(CodeBuffer code) {
        switch (random.nextInt(14)) {
            case 0 -> undefinedBytes(code);
            case 1 -> changePageTable(code);
            case 2 -> changeCode(code);
            case 3 -> port(code);
            case 4 -> device(code);
            case 5 -> modelSpecificRegister(code);
            case 6 -> controlRegister(code);
            case 7 -> touchWindow(code);
            case 8 -> segmentLoad(code);
            case 9 -> flags(code);
            case 10 -> code.bytes(0xEB, random.nextInt(8)); // JMP into the middle of what comes next
            case 11 -> toUser(code);
            case 12 -> descriptor(code);
            default -> sensitive(code);
        }
    }

    private void undefinedBytes(CodeBuffer code) {
        int count = 1 + random.nextInt(12);
        if (random.nextBoolean()) code.bytes(0x0F);
        for (int n = 0; n < count; n++) code.bytes(random.nextInt(256));
    }

    private void changePageTable(CodeBuffer code) {
        boolean lowest = random.nextInt(8) != 0;
        int entryBytes = wide ? 8 : 4;
        int index = random.nextInt(wide ? 512 : 1024);
        long table = lowest ? WINDOW_TABLE : wide && random.nextBoolean() ? PDPT : PAGE_DIRECTORY;
        if (!lowest) index = 2 + random.nextInt(6);
        long value = switch (random.nextInt(4)) {
            case 0 -> windowEntry(random.nextInt(512)) & ~(1L << random.nextInt(8));
            case 1 -> PML4 + ((long) random.nextInt(5) << 12) | ALL; // a page table, or one that is its own
            case 2 -> random.nextLong();
            default -> windowEntry(random.nextInt(512)) | 1L << random.nextInt(wide ? 64 : 32);
        };
        code.store(table + (long) entryBytes * index, value);
        if (wide && random.nextBoolean()) code.store(table + (long) entryBytes * index + 4, value >>> 32);
        if (polite) flush(code);
    }

    private void flush(CodeBuffer code) {
        long cr4 = ControlRegister.CR4_PSE | (wide ? ControlRegister.CR4_PAE : 0);
        code.load(Cpu.RAX, cr4)
                .toControlRegister(4)
                .load(Cpu.RAX, cr4 | ControlRegister.CR4_PGE)
                .toControlRegister(4);
    }

    /** Rewrites a fragment, this one perhaps, or the handler's tail, in the midst of an instruction perhaps. */
    private void changeCode(CodeBuffer code) {
        long at = FRAGMENTS + random.nextInt(FRAGMENT_COUNT * FRAGMENT_BYTES - 8);
        code.store(at, random.nextInt());
    }

    private void port(CodeBuffer code) {
        int[] known = {0x20, 0x21, 0xA0, 0xA1, 0x40, 0x43, 0x61, 0x70, 0x71, 0x3F8, 0x3F9, 0x60, 0xCF8, 0xCFC, 0x608};
        int port = random.nextInt(4) == 0 ? random.nextInt(0x1_0000) : known[random.nextInt(known.length)];
        code.load(Cpu.RDX, port).load(Cpu.RAX, random.nextLong());
        code.bytes(new int[] {0xEC, 0xED, 0xEE, 0xEF, 0x6C, 0x6E}[random.nextInt(6)]);
    }

    private void device(CodeBuffer code) {
        long[] bases = {0xFEE0_0000L, 0xFEC0_0000L, 0xE000_0000L, 0xE000_4000L, 0xE000_8000L};
        long address = bases[random.nextInt(bases.length)] + 4L * random.nextInt(1024);
        code.load(Cpu.RDI, address);
        if (random.nextBoolean()) code.bytes(0x8B, 0x07); // MOV EAX, [rDI]
        else code.bytes(0xC7, 0x07).little(random.nextInt(), 4); // MOV dword [rDI], value
    }

    private void modelSpecificRegister(CodeBuffer code) {
        int[] known = {
            0x10,
            0x1B,
            0x174,
            0x175,
            0x176,
            0x277,
            0x2FF,
            0x6E0,
            0xC000_0081,
            0xC000_0082,
            0xC000_0084,
            0xC000_0100,
            0xC000_0101,
            0xC000_0102,
            0xC000_0103
        };
        int number = random.nextInt(3) == 0 ? random.nextInt() : known[random.nextInt(known.length)];
        code.load(Cpu.RCX, number & 0xFFFF_FFFFL)
                .load(Cpu.RAX, random.nextLong())
                .load(Cpu.RDX, random.nextInt(2));
        code.bytes(0x0F, random.nextBoolean() ? 0x30 : 0x32);
    }

    private void controlRegister(CodeBuffer code) {
        int number = new int[] {0, 2, 3, 4, 8, 1, 7}[random.nextInt(7)];
        long value = switch (random.nextInt(3)) {
            case 0 -> random.nextLong();
            case 1 -> goodCr0() ^ 1L << random.nextInt(32);
            default -> (number == 3 ? (wide ? PML4 : PAGE_DIRECTORY) : goodCr0()) | random.nextInt(32);
        };
        if (number == 8 && !wide) number = 2;
        code.load(Cpu.RAX, value).toControlRegister(number & 7);
    }

    private void touchWindow(CodeBuffer code) {
        code.load(Cpu.RDI, WINDOW + random.nextInt(wide ? 2 << 20 : 4 << 20));
        switch (random.nextInt(4)) {
            case 0 -> code.bytes(0x8B, 0x07); // MOV EAX, [rDI]
            case 1 -> code.bytes(0xC7, 0x07).little(random.nextInt(), 4);
            case 2 -> code.bytes(0xFF, 0xD7); // CALL rDI
            default -> code.load(Cpu.RCX, random.nextInt(64)).bytes(0xF3, 0xAA); // REP STOSB
        }
    }

    private void segmentLoad(CodeBuffer code) {
        int selector = random.nextInt(3) == 0 ? random.nextInt(0x1_0000) : random.nextInt(8) << 3 | random.nextInt(4);
        code.load(Cpu.RAX, selector);
        switch (random.nextInt(4)) {
            case 0 -> code.bytes(0x8E, 0xC0 | random.nextInt(8) << 3); // MOV Sreg, AX
            case 1 -> code.bytes(0x0F, 0x02, 0xD8, 0x0F, 0x03, 0xD8); // LAR, LSL EBX, EAX
            case 2 ->
                code.bytes(0x0F, 0x00, 0xD0 | random.nextInt(6) << 3); // LLDT, LTR, VERR, VERW and what is not there
            default -> code.bytes(0x50, 0x68).little(HANDLER, 4).bytes(0xCB); // PUSH rAX; PUSH HANDLER; RETF
        }
    }

    private void flags(CodeBuffer code) {
        code.bytes(0x68).little(random.nextInt() & ~0x100, 4).bytes(0x9D, 0x9C, 0x58); // PUSH; POPF; PUSHF; POP rAX
        if (random.nextInt(3) == 0) code.bytes(random.nextBoolean() ? 0xFA : 0xFB); // CLI, STI
    }

    /** IRET to ring 3, at a random fragment, with flags of any kind. */
    private void toUser(CodeBuffer code) {
        int fragment = random.nextInt(FRAGMENT_COUNT * FRAGMENT_BYTES);
        int flags = random.nextBoolean() ? 0x202 : random.nextInt() & 0x3_FFFF & ~0x2_0100 | 2;
        code.bytes(0x68).little(USER_DATA, 4).bytes(0x68).little(STACK - 0x1000, 4);
        code.bytes(0x68)
                .little(flags, 4)
                .bytes(0x68)
                .little(USER_CODE, 4)
                .bytes(0x68)
                .little(FRAGMENTS + fragment, 4);
        if (wide) code.bytes(0x48);
        code.bytes(0xCF);
    }

    private void descriptor(CodeBuffer code) {
        if (random.nextBoolean()) code.store(GDT + 0x30 + 4L * random.nextInt(4), random.nextInt());
        else code.store(IDT + 16L * (64 + random.nextInt(64)) + 4L * random.nextInt(4), random.nextInt());
        code.bytes(0xCD, 64 + random.nextInt(64)); // INT n
    }

    private void sensitive(CodeBuffer code) {
        switch (random.nextInt(9)) {
            case 0 -> code.bytes(0x0F, 0x01, 0x04, 0x25).little(0xB000, 4); // SGDT
            case 1 -> code.bytes(0x0F, 0x01, 0x0C, 0x25).little(0xB010, 4); // SIDT
            case 2 -> code.bytes(0x0F, 0x00, 0xC0, 0x0F, 0x00, 0xCB); // SLDT EAX; STR EBX
            case 3 -> code.bytes(0x0F, 0x01, 0xE0); // SMSW EAX
            case 4 -> code.bytes(0x8C, 0xC8, 0x8C, 0xD3); // MOV EAX, CS; MOV EBX, SS
            case 5 -> code.bytes(0x0F, 0xA2); // CPUID
            case 6 -> code.bytes(0x0F, 0x05); // SYSCALL
            case 7 -> code.bytes(0x0F, 0x34); // SYSENTER
            default -> code.bytes(0x0F, 0x01, 0x3C, 0x25).little(WINDOW, 4); // INVLPG
        }
    }

    private static void put64(GuestMemory memory, long address, long value) {
        memory.write(address, 8, value);
    }

    private static void put32(GuestMemory memory, long address, long value) {
        memory.write(address, 4, value);
    }
}
