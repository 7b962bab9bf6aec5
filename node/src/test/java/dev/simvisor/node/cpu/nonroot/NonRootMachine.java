package dev.simvisor.node.cpu.nonroot;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.HexFormat;

/**
 * A processor in non-root operation, in 16 MiB of machine memory. Guest-physical memory is 2 MiB, at machine address 4 MiB; the
 * extended page tables are at 12 MiB.
 */
final class NonRootMachine implements AutoCloseable {
    static final int CODE = 0x5000;
    static final int STACK = 0x9000;
    static final int HANDLERS = 0x6000;
    static final int GDT = 0x1000;
    static final int IDT = 0x2000;
    static final long GUEST = 4 << 20;
    private static final int EPT = 12 << 20;
    private static final int LEAVES = EPT + 0x3000;

    final FlatBus bus = new FlatBus(16 << 20);
    final Cpu guest = new Cpu(bus, CpuModel.BASELINE);
    final Cpu cpu = new Cpu(bus, guest);
    final ControlStructure controls = new ControlStructure(guest);
    private final Interpreter engine = new Interpreter(cpu);

    /** In real mode at CODE; vector n leads to a HLT at HANDLERS + n. */
    NonRootMachine() {
        bus.watcher(engine);
        bus.write(EPT, 8, EPT + 0x1000 | 7);
        bus.write(EPT + 0x1000, 8, EPT + 0x2000 | 7);
        bus.write(EPT + 0x2000, 8, LEAVES | 7);
        for (int page = 0; page < 512; page++) leaf(page, 7);
        primary(ControlStructure.HLT_EXITING);
        controls.eptPointer(EPT | 0x1E);
        for (int n = 0; n < 256; n++) {
            store(4L * n, 4, HANDLERS + n);
            store(HANDLERS + n, 1, 0xF4);
        }
        guest.selector[SegmentRegister.CS] = 0;
        guest.segmentBase[SegmentRegister.CS] = 0;
        guest.gpr[Cpu.RSP] = STACK;
        guest.rip = CODE;
        guest.updateMode();
    }

    /** Flat 32-bit protected mode at a privilege level, without paging; every gate leads to privilege level 0. */
    NonRootMachine protectedMode(int privilege) {
        guest.cr0 |= ControlRegister.CR0_PE;
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            boolean code = segment == SegmentRegister.CS;
            guest.selector[segment] = (code ? 8 : 16) + (privilege == 0 ? 0 : 16 + privilege);
            guest.segmentBase[segment] = 0;
            guest.segmentLimit[segment] = 0xFFFF_FFFFL;
            guest.segmentRights[segment] = (code ? 0xC09B : 0xC093) | privilege << 5;
        }
        store(GDT + 8, 8, 0x00CF_9B00_0000_FFFFL);
        store(GDT + 16, 8, 0x00CF_9300_0000_FFFFL);
        for (int n = 0; n < 32; n++) store(IDT + 8L * n, 8, HANDLERS + n | 8L << 16 | 0x8EL << 40);
        guest.gdtrBase = GDT;
        guest.gdtrLimit = 0x7F;
        guest.idtrBase = IDT;
        guest.idtrLimit = 0xFF;
        guest.updateMode();
        return this;
    }

    /** Sets primary controls beside those that every test has. */
    void primary(int more) {
        controls.primary(more | ControlStructure.USE_MSR_BITMAPS | ControlStructure.ACTIVATE_SECONDARY_CONTROLS);
        secondary(0);
    }

    void secondary(int more) {
        controls.secondary(more | ControlStructure.ENABLE_EPT | ControlStructure.UNRESTRICTED_GUEST);
    }

    /** Sets the low bits of the extended page tables' leaf for a guest-physical page. */
    void leaf(int page, int permissions) {
        bus.write(LEAVES + 8L * page, 8, GUEST + ((long) page << 12) | 6 << 3 | permissions);
    }

    void store(long guestPhysical, int size, long value) {
        bus.write(GUEST + guestPhysical, size, value);
    }

    long load(long guestPhysical, int size) {
        return bus.read(GUEST + guestPhysical, size);
    }

    NonRootMachine code(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (int n = 0; n < bytes.length; n++) store(CODE + n, 1, bytes[n] & 0xFF);
        return this;
    }

    /** Enters and runs until the guest leaves; fails when it does not within so many instructions. */
    ExitReason run(int instructions) {
        NonRootOperation.enter(cpu, controls);
        engine.run(instructions);
        NonRootOperation.leave(cpu);
        if (!NonRootOperation.exited(cpu)) throw new AssertionError("no VM exit within " + instructions);
        return controls.exitReason;
    }

    ExitReason run() {
        return run(20);
    }

    /** Instructions that have been counted. */
    long executed() {
        return guest.completedInstructions;
    }

    @Override
    public void close() {
        bus.close();
    }
}
