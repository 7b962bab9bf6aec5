package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.HexFormat;

/** A processor with 16 MiB of memory, and the tables that tests of privileged behaviour need. */
final class SystemMachine implements AutoCloseable {
    static final int CODE = 0x5000;
    /** Handler of vector n: one NOP at {@code HANDLERS + 16 * n}, then HLT. */
    static final int HANDLERS = 0x6000;

    static final int STACK = 0x9000;
    static final int KERNEL_STACK = 0xA000;
    static final int INTERRUPT_STACK = 0xB000;
    static final int GDT = 0x1000;
    static final int IDT = 0x2000;
    static final int TSS = 0x3000;
    static final int PAGE_TABLES = 0x10000;

    static final int KERNEL_CODE = 0x08;
    static final int KERNEL_DATA = 0x10;
    static final int USER_CODE = 0x1B;
    static final int USER_DATA = 0x23;
    static final int TASK = 0x28;

    private static final long FLAT_DATA = 0x00CF_9300_0000_FFFFL;
    private static final long USER = 3L << 45;
    private static final long PRESENT_GATE = 0x8EL << 40;

    final FlatBus bus = new FlatBus(16 << 20);
    final Cpu cpu;
    private final Interpreter interpreter;

    SystemMachine() {
        this(CpuModel.BASELINE);
    }

    SystemMachine(CpuModel model) {
        cpu = new Cpu(bus, model);
        interpreter = new Interpreter(cpu);
        bus.watcher(interpreter);
        for (int n = 0; n < 256; n++) code(HANDLERS + 16 * n, "90 F4");
    }

    /** Real mode at CODE, with a vector table that leads to the handlers. */
    static SystemMachine realMode() {
        SystemMachine machine = new SystemMachine();
        Segmentation.loadRealMode(machine.cpu, SegmentRegister.CS, 0);
        for (int n = 0; n < 256; n++) machine.bus.write(4L * n, 4, HANDLERS + 16 * n);
        machine.cpu.updateMode();
        machine.start(CODE);
        return machine;
    }

    /** Flat 32-bit protected mode at privilege 0, IDT and TSS in place, no paging. */
    static SystemMachine protectedMode() {
        SystemMachine machine = new SystemMachine();
        machine.tables(0x00CF_9B00_0000_FFFFL, 8);
        machine.cpu.cr0 |= ControlRegister.CR0_PE;
        machine.flatSegments(0xC09B);
        for (int n = 0; n < 256; n++) machine.gate(n, 0);
        machine.bus.write(TSS + 4, 4, KERNEL_STACK);
        machine.bus.write(TSS + 8, 2, KERNEL_DATA);
        machine.start(CODE);
        return machine;
    }

    /** 64-bit mode at privilege 0, memory mapped onto itself by 2 MiB pages that user mode may use. */
    static SystemMachine longMode() {
        return longMode(CpuModel.BASELINE);
    }

    static SystemMachine longMode(CpuModel model) {
        SystemMachine machine = new SystemMachine(model);
        machine.tables(0x00AF_9B00_0000_FFFFL, 16);
        machine.bus.write(PAGE_TABLES, 8, PAGE_TABLES + 0x1007);
        machine.bus.write(PAGE_TABLES + 0x1000, 8, PAGE_TABLES + 0x2007);
        for (long n = 0; n < 512; n++) machine.bus.write(PAGE_TABLES + 0x2000 + 8 * n, 8, n << 21 | 0x87);
        machine.cpu.cr3 = PAGE_TABLES;
        machine.cpu.cr4 = ControlRegister.CR4_PAE;
        machine.cpu.cr0 |= ControlRegister.CR0_PE | ControlRegister.CR0_PG | ControlRegister.CR0_NE;
        machine.cpu.msr.efer = ModelSpecificRegisters.EFER_LME
                | ModelSpecificRegisters.EFER_LMA
                | ModelSpecificRegisters.EFER_SCE
                | ModelSpecificRegisters.EFER_NXE;
        machine.flatSegments(0xA09B);
        for (int n = 0; n < 256; n++) machine.gate(n, 0);
        machine.bus.write(TSS + 4, 8, KERNEL_STACK);
        machine.bus.write(TSS + 36, 8, INTERRUPT_STACK);
        machine.start(CODE);
        return machine;
    }

    private void tables(long kernelCode, int gateBytes) {
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 0x7F;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 256 * gateBytes - 1;
        bus.write(GDT + KERNEL_CODE, 8, kernelCode);
        bus.write(GDT + KERNEL_DATA, 8, FLAT_DATA);
        bus.write(GDT + (USER_CODE & ~3), 8, kernelCode | USER);
        bus.write(GDT + (USER_DATA & ~3), 8, FLAT_DATA | USER);
        bus.write(GDT + TASK, 8, 0x0000_8B00_0000_0067L | (long) TSS << 16);
        cpu.selector[SegmentRegister.TR] = TASK;
        cpu.segmentBase[SegmentRegister.TR] = TSS;
        cpu.segmentLimit[SegmentRegister.TR] = 0x67;
        cpu.segmentRights[SegmentRegister.TR] = 0x8B;
    }

    private void flatSegments(int codeRights) {
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            boolean code = segment == SegmentRegister.CS;
            cpu.selector[segment] = code ? KERNEL_CODE : KERNEL_DATA;
            cpu.segmentBase[segment] = 0;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentRights[segment] = code ? codeRights : 0xC093;
        }
        cpu.updateMode();
    }

    private void start(long rip) {
        cpu.rip = rip;
        cpu.gpr[Cpu.RSP] = STACK;
    }

    /** An interrupt gate of privilege 3 to the vector's handler; {@code stackTable}: IST index in long mode. */
    void gate(int vector, int stackTable) {
        long offset = HANDLERS + 16L * vector;
        long gate = offset & 0xFFFF | (long) KERNEL_CODE << 16 | PRESENT_GATE | USER | (long) stackTable << 32;
        int bytes = cpu.idtrLimit == 256 * 16 - 1 ? 16 : 8;
        bus.write(IDT + (long) bytes * vector, 8, gate);
        if (bytes == 16) bus.write(IDT + 16L * vector + 8, 8, 0);
    }

    /** The address of the NOP that starts a vector's handler. */
    static long handler(int vector) {
        return HANDLERS + 16L * vector;
    }

    /** Goes to privilege 3 with the stack at STACK. */
    void user() {
        boolean is64 = cpu.codeSize == 64;
        cpu.selector[SegmentRegister.CS] = USER_CODE;
        cpu.selector[SegmentRegister.SS] = USER_DATA;
        cpu.segmentRights[SegmentRegister.CS] = is64 ? 0xA0FB : 0xC0FB;
        cpu.segmentRights[SegmentRegister.SS] = 0xC0F3;
        cpu.updateMode();
    }

    /** Bytes in hexadecimal; blanks do not count. */
    void code(int address, String hex) {
        bus.load(address, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    /** Puts the instructions at CODE and executes so many. */
    void execute(String hex, int instructions) {
        code(CODE, hex);
        interpreter.run(instructions);
    }

    void run(int instructions) {
        interpreter.run(instructions);
    }

    long stack(int size, int index) {
        return bus.read((cpu.gpr[Cpu.RSP] & cpu.stackMask) + (long) index * size, size);
    }

    @Override
    public void close() {
        bus.close();
    }
}
