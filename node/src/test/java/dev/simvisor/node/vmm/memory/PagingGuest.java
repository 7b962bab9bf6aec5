package dev.simvisor.node.vmm.memory;

import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A kernel that edits its page tables, written instruction by instruction; all but the load of an address is encoded alike in 32-bit and in 64-bit
 * mode. Low memory is mapped onto itself. A page fault is taken down in {@link #SUM} and the instruction skipped.
 *
 * <p>What it maps are {@link #PAGES} pages in each of {@link #AREAS} areas, one per entry of a page directory: data pages, page
 * tables of its own, large pages.
 */
final class PagingGuest {
    /** How the guest's paging structures look. */
    enum Form {
        THIRTY_TWO_BIT(4, 22),
        PAE(8, 21),
        FOUR_LEVEL(8, 21);

        /** Of an entry, in bytes. */
        final int entry;
        /** Log2 of the size of a large page. */
        final int largePageShift;

        Form(int entry, int largePageShift) {
            this.entry = entry;
            this.largePageShift = largePageShift;
        }
    }

    static final int MEMORY = 4 << 20;
    static final int AREAS = 3;
    static final int PAGES = 8;
    /** Frames of data, which are the pages' numbers within an area too, so that large pages lead to data as well. */
    static final int FIRST_DATA_FRAME = 0x80;

    static final int DATA_FRAMES = 12;
    /** One page table per area. */
    static final int FIRST_PAGE_TABLE = 0x20;

    static final int PRESENT = 1;
    static final int WRITABLE = 1 << 1;
    static final int USER = 1 << 2;
    static final int LARGE = 1 << 7;
    static final int GLOBAL = 1 << 8;

    /** What was read, and where faults were. */
    private static final int SUM = 0x7_0000;

    private static final int TOP = 0x1_0000;
    private static final int POINTERS = 0x1_1000;
    /** The page directory; in PAE paging the one of the first GiB. */
    private static final int DIRECTORY = 0x1_2000;
    /** Of the last area, but in 32-bit paging. */
    private static final int LAST_DIRECTORY = 0x1_3000;
    /** In PAE paging, of the second and the third GiB, if all is mapped. */
    private static final int MIDDLE_DIRECTORIES = 0x1_6000;

    /** In 4-level paging: of the upper half's first 512 GiB. */
    private static final int HIGH_POINTERS = 0x1_5000;

    /** Its place in the top table. */
    private static final int HIGH = 256;

    private static final int IDENTITY_TABLE = 0x1_4000;
    private static final int GDT = 0x1_8000;
    private static final int IDT = 0x1_9000;
    private static final int PAGE_FAULT_HANDLER = 0x1_A000;
    private static final int STACK = 0x1_C000;
    /** Code runs to 6_0000H. */
    private static final int CODE = 0x3_0000;

    private static final int IDENTITY_PAGES = 0x72;
    private static final int PAGE_FAULT = 14;
    private static final int CR0_WP = 1 << 16;
    private static final int CR4_PGE = 1 << 7;

    final Form form;
    private boolean mapsEverything;
    private int lastPointer = LAST_DIRECTORY | PRESENT;
    private final ByteBuffer code = ByteBuffer.allocate(0x3_0000).order(ByteOrder.LITTLE_ENDIAN);
    private final HexFormat hex = HexFormat.of();

    PagingGuest(Form form) {
        this.form = form;
    }

    /** In 32-bit addresses: has every directory entry that is not otherwise used lead to the first large page of memory. */
    PagingGuest mappingEverything() {
        mapsEverything = true;
        return this;
    }

    /** In PAE paging: leaves the VMM the first GiB alone, all of which is mapped. */
    PagingGuest mappingOneGigabyte() {
        lastPointer = 0;
        return mappingEverything();
    }

    // ---- the kernel's code

    private PagingGuest emit(String bytes) {
        code.put(hex.parseHex(bytes.replace(" ", "")));
        return this;
    }

    private PagingGuest emit(String bytes, int word) {
        emit(bytes);
        code.putInt(word);
        return this;
    }

    /** The next instruction may fault, and is skipped then: so long it is. */
    private PagingGuest mayFault(int length) {
        return emit("B9", length); // mov ecx, length
    }

    /** Points RBX at a linear address. */
    private PagingGuest address(long linear) {
        if (form != Form.FOUR_LEVEL) return emit("BB", (int) linear); // mov ebx, linear
        emit("48 BB"); // mov rbx, linear
        code.putLong(linear);
        return this;
    }

    /** Adds the doubleword at a linear address to the sum. */
    PagingGuest read(long linear) {
        return emit("31 C0") // xor eax, eax
                .address(linear)
                .mayFault(2)
                .emit("8B 03") // mov eax, [rbx]
                .emit("01 04 25", SUM); // add [sum], eax
    }

    PagingGuest write(long linear, int value) {
        return address(linear).mayFault(6).emit("C7 03", value); // mov dword [rbx], value
    }

    /** Writes the entry of a page table for a page of an area, and has it seen in whichever areas use the table. */
    PagingGuest mapPage(int area, int page, int entry) {
        write(pageTableEntry(area, page), entry);
        for (int other = 0; other < AREAS; other++) invalidate(linear(other, page, 0));
        return this;
    }

    /** Writes the entry of a page directory for an area, and has it seen. */
    PagingGuest mapArea(int area, int entry) {
        if (isHigh(area)) write(TOP + 8 * HIGH, (entry & PRESENT) == 0 ? 0 : HIGH_POINTERS | PRESENT | WRITABLE);
        return write(directoryEntry(area), entry).invalidateAll();
    }

    PagingGuest invalidate(long linear) {
        return address(linear).emit("0F 01 3B"); // invlpg [rbx]
    }

    /** Loads CR3 anew, which leaves global translations. */
    PagingGuest reload() {
        return emit("0F 20 D8").emit("0F 22 D8"); // mov rax, cr3; mov cr3, rax
    }

    /** Forgets global translations too. */
    PagingGuest invalidateAll() {
        return toggleGlobal().toggleGlobal();
    }

    private PagingGuest toggleGlobal() {
        return emit("0F 20 E0").emit("35", CR4_PGE).emit("0F 22 E0"); // mov eax, cr4; xor eax, PGE; mov cr4, eax
    }

    PagingGuest toggleWriteProtect() {
        return emit("0F 20 C0").emit("35", CR0_WP).emit("0F 22 C0"); // mov eax, cr0; xor eax, WP; mov cr0, eax
    }

    // ---- where things are

    /** Whether the area is where a VMM with 64-bit guests likes to be: at the bottom of the upper half. */
    private boolean isHigh(int area) {
        return form == Form.FOUR_LEVEL && area == AREAS - 1;
    }

    /** The entry of the page directory that each area has: the last is where a VMM with 32-bit guests likes to be. */
    private int slot(int area) {
        if (area < AREAS - 1) return 1 + area;
        return form == Form.THIRTY_TWO_BIT ? 0x3FC : 0x1F8;
    }

    private int directoryEntry(int area) {
        boolean last = form != Form.THIRTY_TWO_BIT && area == AREAS - 1;
        return (last ? LAST_DIRECTORY : DIRECTORY) + form.entry * slot(area);
    }

    long linear(int area, int page, int offset) {
        long base =
                isHigh(area) ? (long) HIGH << 39 << 16 >> 16 : form == Form.PAE && area == AREAS - 1 ? 0xC000_0000L : 0;
        return base + ((long) slot(area) << form.largePageShift) + (FIRST_DATA_FRAME + page << 12) + offset;
    }

    static int pageTable(int area) {
        return FIRST_PAGE_TABLE + area << 12;
    }

    /** Offset in every page table of the entry for a page. */
    int entryOffset(int page) {
        return form.entry * (FIRST_DATA_FRAME + page);
    }

    int pageTableEntry(int area, int page) {
        return pageTable(area) + entryOffset(page);
    }

    // ---- putting it into a machine

    /** Loads the kernel, with HLT after its last instruction. */
    void load(Machine machine) {
        GuestMemory memory = machine.memory();
        memory.write(CODE, Arrays.copyOf(code.array(), code.position()));
        memory.write(CODE + (long) code.position(), new byte[] {(byte) 0xF4});
        tables(memory);
        long kernelCode = form == Form.FOUR_LEVEL ? 0x00AF_9B00_0000_FFFFL : 0x00CF_9B00_0000_FFFFL;
        memory.write(GDT + 8, 8, kernelCode);
        memory.write(GDT + 16, 8, 0x00CF_9300_0000_FFFFL);
        int gateSize = form == Form.FOUR_LEVEL ? 16 : 8;
        long gate = PAGE_FAULT_HANDLER & 0xFFFF | 8L << 16 | 0x8EL << 40 | (long) (PAGE_FAULT_HANDLER >>> 16) << 48;
        memory.write(IDT + gateSize * (long) PAGE_FAULT, 8, gate);
        memory.write(PAGE_FAULT_HANDLER, handler());
        for (int frame = 0; frame < DATA_FRAMES; frame++) {
            memory.write((long) (FIRST_DATA_FRAME + frame) << 12, 4, 0x1111L * (frame + 1));
        }
        enter(machine.cpu());
    }

    /** Adds CR2 and the error code to the sum and returns to the next instruction. */
    private byte[] handler() {
        String return32 = "01 4C 24 04 5A 01 14 25 000007 00 CF"; // add [esp+4], ecx; pop edx; add [sum], edx; iret
        String return64 = "48 01 4C 24 08 5A 01 14 25 000007 00 48 CF";
        // mov rdx, cr2; add [sum], edx
        String all = "0F 20 D2 01 14 25 000007 00" + (form == Form.FOUR_LEVEL ? return64 : return32);
        return hex.parseHex(all.replace(" ", ""));
    }

    private void tables(GuestMemory memory) {
        int all = PRESENT | WRITABLE;
        for (int page = 0; page < IDENTITY_PAGES; page++) {
            memory.write(IDENTITY_TABLE + (long) form.entry * page, 4, page << 12 | all);
        }
        memory.write(DIRECTORY, 4, IDENTITY_TABLE | all);
        if (form == Form.FOUR_LEVEL) memory.write(TOP, 4, POINTERS | all);
        if (form == Form.FOUR_LEVEL) memory.write(POINTERS, 4, DIRECTORY | all);
        if (form == Form.FOUR_LEVEL) memory.write(HIGH_POINTERS, 4, LAST_DIRECTORY | all);
        if (form == Form.PAE) {
            memory.write(POINTERS, 4, DIRECTORY | PRESENT);
            memory.write(POINTERS + 24, 4, lastPointer);
        }
        if (mapsEverything) mapEverything(memory);
    }

    private void mapEverything(GuestMemory memory) {
        int directories = form == Form.PAE && lastPointer != 0 ? 4 : 1;
        for (int n = 0; n < directories; n++) {
            int directory = n == 0 ? DIRECTORY : n == 3 ? LAST_DIRECTORY : MIDDLE_DIRECTORIES + 0x1000 * (n - 1);
            if (directories == 4) memory.write(POINTERS + 8L * n, 4, directory | PRESENT);
            for (int offset = 0; offset < 0x1000; offset += form.entry) {
                long entry = directory + offset;
                if (memory.read(entry, 4) == 0) memory.write(entry, 4, LARGE | PRESENT | WRITABLE);
            }
        }
    }

    private void enter(Cpu cpu) {
        boolean is64 = form == Form.FOUR_LEVEL;
        for (int segment = 0; segment <= GS; segment++) {
            cpu.selector[segment] = segment == CS ? 8 : 16;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = segment == CS ? is64 ? 0xA09B : 0xC09B : 0xC093;
        }
        cpu.segmentRights[SegmentRegister.LDTR] = AccessRights.UNUSABLE;
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 23;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 0x1FF;
        cpu.cr0 = ControlRegister.CR0_PE | ControlRegister.CR0_ET | ControlRegister.CR0_PG;
        cpu.cr4 = CR4_PGE | (form == Form.THIRTY_TWO_BIT ? ControlRegister.CR4_PSE : ControlRegister.CR4_PAE);
        if (is64) cpu.msr.efer = ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA;
        cpu.cr3 = form == Form.THIRTY_TWO_BIT ? DIRECTORY : is64 ? TOP : POINTERS;
        cpu.pdpte[0] = form == Form.PAE ? DIRECTORY | PRESENT : 0;
        cpu.pdpte[3] = form == Form.PAE ? lastPointer : 0;
        if (form == Form.PAE && mapsEverything && lastPointer != 0) {
            for (int n = 1; n < 3; n++) cpu.pdpte[n] = MIDDLE_DIRECTORIES + 0x1000 * (n - 1) | PRESENT;
        }
        cpu.gpr[Cpu.RDX] = 0;
        cpu.gpr[Cpu.RSP] = STACK;
        cpu.otherFlags = Flags.RESERVED_ONE;
        cpu.rip = CODE;
        cpu.updateMode();
    }

    /** What the kernel has read, and the addresses and error codes of its faults, added up. */
    static int sum(Machine machine) {
        return (int) machine.memory().read(SUM, 4);
    }
}
