package dev.simvisor.node.vmm.critical;

import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.LDTR;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.exit.SlippedInstructions;
import dev.simvisor.node.vmm.mode.BoardMode;

/**
 * A machine with a kernel of a few bytes: 32-bit protected mode with paging, ring 0, flat segments, a GDT, an IDT, an LDT and a
 * TSS, interrupts enabled. CR0.WP is off, as kernels had it that did not need it.
 */
final class FragmentMachine {
    /** Where the fragment lies. */
    static final int CODE = 0x6000;

    /** HLT, after the fragment. */
    static final byte HALT = (byte) 0xF4;

    static final int KERNEL_CODE = 0x08;
    static final int KERNEL_DATA = 0x10;
    /** Not accessed yet, as all segments are when a kernel has just made its table. */
    static final int UNUSED_DATA = 0x18;

    static final int LOCAL_TABLE = 0x20;
    static final int TASK = 0x28;
    /** Not accessed yet. */
    static final int UNUSED_CODE = 0x30;

    private static final int PAGE_DIRECTORY = 0x1000;
    private static final int PAGE_TABLE = 0x2000;
    private static final int GDT = 0x3000;
    private static final int GDT_LIMIT = 0x37;
    private static final int LDT = 0x3800;
    private static final int LDT_LIMIT = 0x0F;
    private static final int TSS = 0x3C00;
    private static final int TSS_LIMIT = 0x67;
    private static final int IDT = 0x4000;
    private static final int IDT_LIMIT = 0x1FF;
    /** What fragments store lands here. */
    private static final int STORED = 0x5000;

    private static final int GENERAL_PROTECTION_HANDLER = 0x7000;
    private static final int INTERRUPT_HANDLER = 0x7800;
    private static final int STACK = 0x9000;

    private static final int GENERAL_PROTECTION = 13;
    private static final int INTERRUPT = 0x30;

    private static final int PAGES = 256;
    private static final int PRESENT_WRITABLE = 3;
    private static final long MEMORY = (long) PAGES << 12;
    /** The VMM has page tables of its own. */
    private static final long HOST_MEMORY = 16L << 20;

    private static final int CODE_RIGHTS = 0xC09B;
    private static final int DATA_RIGHTS = 0xC093;
    private static final int ACCESSED = 1;
    private static final int LDT_RIGHTS = 0x82;
    private static final int BUSY_TSS_RIGHTS = 0x8B;
    private static final int FLAT = 0xF_FFFF;

    /** More than any fragment takes, the handler's part included. */
    private static final long MOST_CYCLES = 10_000;

    private FragmentMachine() {}

    /** Runs an instruction's fragment in a mode, to its HLT. */
    static Sighting run(CriticalInstruction instruction, BoardMode mode) {
        ExitLedger ledger = mode.ledger(HostCosts.NONE);
        try (MachineMemory host = MachineMemory.ofBytes(HOST_MEMORY);
                Machine machine = new Machine(
                        MachineConfiguration.of(MEMORY, CpuModel.BASELINE),
                        host,
                        mode.engine(Interpreter::new, HostCosts.NONE, ledger))) {
            load(machine.memory(), instruction);
            enter(machine.cpu());
            machine.runUntil(MOST_CYCLES);
            if (!machine.cpu().halted) throw new IllegalStateException(instruction + ": the fragment has not ended");
            return sighting(machine, ledger.slipped());
        }
    }

    private static Sighting sighting(Machine machine, SlippedInstructions slipped) {
        Cpu cpu = machine.cpu();
        boolean faulted = cpu.rip > GENERAL_PROTECTION_HANDLER && cpu.rip < INTERRUPT_HANDLER;
        return new Sighting(
                faulted,
                faulted ? cpu.reg32(Cpu.RAX) : 0,
                cpu.reg32(Cpu.RAX),
                cpu.reg32(Cpu.RCX),
                cpu.reg32(Cpu.RDX),
                (cpu.rflags() & Flags.ZF) != 0,
                cpu.interruptsEnabled(),
                machine.memory().read(STORED, 8) & 0xFFFF_FFFF_FFFFL,
                slipped);
    }

    // ---- memory

    private static void load(GuestMemory memory, CriticalInstruction instruction) {
        memory.write(PAGE_DIRECTORY, 4, PAGE_TABLE | PRESENT_WRITABLE);
        for (int page = 0; page < PAGES; page++) {
            memory.write(PAGE_TABLE + 4L * page, 4, (long) page << 12 | PRESENT_WRITABLE);
        }
        memory.write(GDT + KERNEL_CODE, 8, descriptor(0, FLAT, CODE_RIGHTS));
        memory.write(GDT + KERNEL_DATA, 8, descriptor(0, FLAT, DATA_RIGHTS));
        memory.write(GDT + UNUSED_DATA, 8, descriptor(0, FLAT, DATA_RIGHTS & ~ACCESSED));
        memory.write(GDT + LOCAL_TABLE, 8, descriptor(LDT, LDT_LIMIT, LDT_RIGHTS));
        memory.write(GDT + TASK, 8, descriptor(TSS, TSS_LIMIT, BUSY_TSS_RIGHTS));
        memory.write(GDT + UNUSED_CODE, 8, descriptor(0, FLAT, CODE_RIGHTS & ~ACCESSED));
        memory.write(TSS + 4, 4, STACK);
        memory.write(TSS + 8, 2, KERNEL_DATA);
        memory.write(IDT + 8L * GENERAL_PROTECTION, 8, interruptGate(GENERAL_PROTECTION_HANDLER));
        memory.write(IDT + 8L * INTERRUPT, 8, interruptGate(INTERRUPT_HANDLER));
        // pop eax: the error code
        memory.write(GENERAL_PROTECTION_HANDLER, new byte[] {0x58, HALT});
        // pop eax; pop ecx; pop edx: EIP, CS and EFLAGS
        memory.write(INTERRUPT_HANDLER, new byte[] {0x58, 0x59, 0x5A, HALT});
        byte[] code = instruction.code();
        memory.write(CODE, code);
        memory.write(CODE + (long) code.length, new byte[] {HALT});
    }

    /** SDM Vol 3A figure 3-8; {@code rights} as {@link dev.simvisor.node.cpu.AccessRights} has them. */
    private static long descriptor(long base, long limit, long rights) {
        return limit & 0xFFFF
                | (base & 0xFF_FFFF) << 16
                | rights << 40
                | (limit >>> 16 & 0xF) << 48
                | (base >>> 24 & 0xFF) << 56;
    }

    /** Of privilege level 0 (SDM Vol 3A figure 6-2). */
    private static long interruptGate(long handler) {
        return handler & 0xFFFF | (long) KERNEL_CODE << 16 | 0x8EL << 40 | handler >>> 16 << 48;
    }

    // ---- registers

    private static void enter(Cpu cpu) {
        for (int segment = 0; segment <= GS; segment++) {
            int selector = segment == CS ? KERNEL_CODE : KERNEL_DATA;
            segment(cpu, segment, selector, 0, 0xFFFF_FFFFL, segment == CS ? CODE_RIGHTS : DATA_RIGHTS);
        }
        segment(cpu, LDTR, LOCAL_TABLE, LDT, LDT_LIMIT, LDT_RIGHTS);
        segment(cpu, TR, TASK, TSS, TSS_LIMIT, BUSY_TSS_RIGHTS);
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = GDT_LIMIT;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = IDT_LIMIT;
        cpu.cr0 = ControlRegister.CR0_PE | ControlRegister.CR0_ET | ControlRegister.CR0_PG;
        cpu.cr3 = PAGE_DIRECTORY;
        cpu.gpr[Cpu.RDX] = 0;
        cpu.gpr[Cpu.RSP] = STACK;
        cpu.otherFlags = Flags.RESERVED_ONE | Flags.IF;
        cpu.rip = CODE;
        cpu.updateMode();
    }

    private static void segment(Cpu cpu, int segment, int selector, long base, long limit, int rights) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = base;
        cpu.segmentLimit[segment] = limit;
        cpu.segmentRights[segment] = rights;
    }
}
