package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.table.Feature;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Our processor in the place of the runner's: long mode, privilege level 3, the same pages at the same linear addresses, the
 * same descriptors. Faults arrive at handlers, one per vector, that are never executed.
 */
final class EmulatedProcessor {
    private static final int PAGE = SiliconLayout.PAGE;
    // Physical addresses, which are also the linear addresses of the supervisor's pages.
    private static final long PAGE_TABLES = 0x1000;
    private static final long GDT = 0x1_0000;
    private static final long IDT = 0x1_1000;
    private static final long TSS = 0x1_2000;
    private static final long LDT = 0x1_3000;
    private static final long HANDLERS = 0x1_4000;
    private static final long KERNEL_STACK_TOP = 0x1_7000;
    private static final long CODE_FRAME = 0x2_0000;
    private static final long DATA_FRAME = 0x2_1000;
    private static final long READ_ONLY_FRAME = 0x2_3000;
    private static final int GDT_LIMIT = 127;
    private static final int LDT_LIMIT = 23;
    private static final int TSS_LIMIT = 0x67;
    private static final int KERNEL_CODE = 0x10;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 2;
    private static final long USER = 4;
    private static final long USED = 0x60;

    private final FlatBus bus = new FlatBus(0x40000);
    private final Cpu cpu = new Cpu(bus, new CpuModel("silicon", 0x60FB1, features(), 0x16, 48, 1_000_000_000));
    private final Engine engine;
    private final byte[] initialMemory = SiliconLayout.memory();
    private long nextPageTable = PAGE_TABLES;

    EmulatedProcessor(Function<Cpu, Engine> engines) {
        engine = engines.apply(cpu);
        bus.watcher(engine);
        long root = newPageTable();
        for (long frame = GDT; frame < KERNEL_STACK_TOP; frame += PAGE) map(root, frame, frame, WRITABLE);
        map(root, SiliconLayout.CODE, CODE_FRAME, USER | WRITABLE);
        map(root, SiliconLayout.DATA, DATA_FRAME, USER | WRITABLE);
        map(root, SiliconLayout.DATA + PAGE, DATA_FRAME + PAGE, USER | WRITABLE);
        map(root, SiliconLayout.READ_ONLY, READ_ONLY_FRAME, USER);
        bus.load(READ_ONLY_FRAME, Arrays.copyOfRange(initialMemory, SiliconLayout.DATA_SIZE, initialMemory.length));
        makeDescriptors();
        cpu.cr3 = root;
        cpu.cr0 = 0x8005_0033L; // PG AM WP NE ET MP PE
        cpu.cr4 = ControlRegister.CR4_PAE | ControlRegister.CR4_OSFXSR | ControlRegister.CR4_OSXMMEXCPT;
        cpu.msr.efer = ModelSpecificRegisters.EFER_LME
                | ModelSpecificRegisters.EFER_LMA
                | ModelSpecificRegisters.EFER_SCE
                | ModelSpecificRegisters.EFER_NXE;
    }

    private static Set<String> features() {
        return Arrays.stream(Feature.values())
                .map(feature -> feature.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }

    // ---- what the runner's kernel provides

    private long newPageTable() {
        long table = nextPageTable;
        nextPageTable += PAGE;
        return table;
    }

    private void map(long root, long linear, long frame, long rights) {
        long table = root;
        for (int shift = 39; shift > 12; shift -= 9) {
            long entry = table + 8 * (linear >>> shift & 511);
            if (bus.read(entry, 8) == 0) bus.write(entry, 8, newPageTable() | PRESENT | WRITABLE | USER | USED);
            table = bus.read(entry, 8) & -PAGE;
        }
        bus.write(table + 8 * (linear >>> 12 & 511), 8, frame | PRESENT | rights | USED);
    }

    private void makeDescriptors() {
        long[] global = {
            0,
            0x00CF_9B00_0000_FFFFL,
            0x00AF_9B00_0000_FFFFL,
            0x00CF_9300_0000_FFFFL,
            0x00CF_FB00_0000_FFFFL,
            0x00CF_F300_0000_FFFFL,
            0x00AF_FB00_0000_FFFFL
        };
        for (int i = 0; i < global.length; i++) bus.write(GDT + 8L * i, 8, global[i]);
        bus.write(LDT, 8, 0x1000_FB00_0000_FFFFL);
        bus.write(LDT + 8, 8, 0x2000_F300_0000_1FFFL);
        bus.write(LDT + 16, 8, 0x2040_F300_0000_1FFFL);
        for (int vector = 0; vector < 32; vector++) {
            long handler = HANDLERS + 16L * vector;
            long privilege = vector == 3 || vector == 4 ? 3 : 0;
            long gate = handler & 0xFFFF | (long) KERNEL_CODE << 16 | 0x8E00_0000_0000L | privilege << 45;
            bus.write(IDT + 16L * vector, 8, gate | (handler >>> 16 & 0xFFFF) << 48);
        }
        bus.write(TSS + 4, 8, KERNEL_STACK_TOP);
        bus.write(TSS + 102, 2, TSS_LIMIT + 1); // no I/O permission bitmap
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = GDT_LIMIT;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 32 * 16 - 1;
        system(SegmentRegister.LDTR, 0x50, LDT, LDT_LIMIT, 2);
        system(SegmentRegister.TR, 0x40, TSS, TSS_LIMIT, 11);
    }

    private void system(int register, int selector, long base, int limit, int type) {
        cpu.selector[register] = selector;
        cpu.segmentBase[register] = base;
        cpu.segmentLimit[register] = limit;
        cpu.segmentRights[register] = AccessRights.PRESENT | type;
    }

    // ---- one case

    SiliconOutcome execute(SiliconCase test) {
        MachineState before = test.input();
        byte[] memory = test.memory(Arrays.copyOf(initialMemory, SiliconLayout.DATA_SIZE));
        HostMemory.segment(bus.directRead(DATA_FRAME), memory.length).copyFrom(MemorySegment.ofArray(memory));
        byte[] code = new byte[PAGE];
        Arrays.fill(code, (byte) 0x90);
        System.arraycopy(test.code(), 0, code, test.codeOffset(), test.code().length);
        HostMemory.segment(bus.directRead(CODE_FRAME), PAGE).copyFrom(MemorySegment.ofArray(code));
        load(before);
        engine.flushCode();
        engine.run(1);
        // A load of SS holds off the runner's trap until after the instruction that follows, a NOP.
        if (cpu.interruptShadow && cpu.cpl == 3) engine.run(1);
        return outcome(memory);
    }

    private void load(MachineState state) {
        System.arraycopy(state.gpr, 0, cpu.gpr, 0, 16);
        cpu.rip = state.rip;
        segment(SegmentRegister.CS, state.cs);
        segment(SegmentRegister.SS, state.ss);
        segment(SegmentRegister.DS, state.ds);
        segment(SegmentRegister.ES, state.es);
        segment(SegmentRegister.FS, state.fs);
        segment(SegmentRegister.GS, state.gs);
        cpu.segmentBase[SegmentRegister.FS] = SiliconLayout.FS_BASE;
        cpu.segmentBase[SegmentRegister.GS] = SiliconLayout.GS_BASE;
        cpu.pendingDebugTraps = 0;
        cpu.interruptShadow = false;
        cpu.halted = false;
        cpu.shutdown = false;
        cpu.cr2 = 0;
        cpu.rflags((int) state.rflags);
        loadFloatingPoint(state);
        cpu.updateMode();
    }

    /** Loads a segment register as a load of the selector would have, without its checks. */
    private void segment(int register, int selector) {
        long descriptor = bus.read(((selector & 4) != 0 ? LDT : GDT) + (selector & ~7), 8);
        int rights = (int) (descriptor >>> 40) & 0xF0FF;
        long limit = descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000;
        cpu.selector[register] = selector;
        cpu.segmentBase[register] = descriptor >>> 16 & 0xFF_FFFF | descriptor >>> 32 & 0xFF00_0000L;
        cpu.segmentLimit[register] = (rights & AccessRights.GRANULARITY) != 0 ? limit << 12 | 0xFFF : limit;
        cpu.segmentRights[register] = selector < 4 ? AccessRights.UNUSABLE : rights;
    }

    private void loadFloatingPoint(MachineState state) {
        cpu.fpu.control = state.legacy.getShort(MachineState.CONTROL) & 0xFFFF;
        cpu.fpu.status = state.legacy.getShort(MachineState.STATUS) & 0xC7FF;
        cpu.fpu.top = state.top();
        cpu.fpu.empty = ~state.legacy.get(MachineState.TAGS) & 0xFF;
        for (int i = 0; i < 8; i++) {
            int physical = cpu.fpu.top + i & 7;
            cpu.fpu.significand[physical] = state.significand(i);
            cpu.fpu.signExponent[physical] = state.signExponent(i);
        }
        cpu.mxcsr = state.legacy.getInt(MachineState.MXCSR);
        for (int i = 0; i < 32; i++) cpu.xmm[i] = state.xmm(i);
    }

    // ---- what became of it

    private SiliconOutcome outcome(byte[] memoryBefore) {
        int[] changes = changes(memoryBefore);
        MachineState after = registers();
        boolean handled = cpu.cpl == 0 && cpu.rip >= HANDLERS && cpu.rip < HANDLERS + 32 * 16;
        if (!handled) return new SiliconOutcome(after, SiliconOutcome.COMPLETED, 0, 0, changes);
        int vector = (int) (cpu.rip - HANDLERS) / 16;
        long frame = cpu.gpr[Cpu.RSP];
        boolean hasErrorCode = switch (vector) {
            case 8, 10, 11, 12, 13, 14, 17 -> true;
            default -> false;
        };
        int errorCode = hasErrorCode ? (int) bus.read(frame, 8) & 0xFFFF : 0;
        if (hasErrorCode) frame += 8;
        after.rip = bus.read(frame, 8);
        after.cs = (int) bus.read(frame + 8, 8);
        after.rflags = bus.read(frame + 16, 8);
        after.gpr[Cpu.RSP] = bus.read(frame + 24, 8);
        after.ss = (int) bus.read(frame + 32, 8);
        return new SiliconOutcome(after, vector, errorCode, vector == 14 ? cpu.cr2 : 0, changes);
    }

    private int[] changes(byte[] before) {
        byte[] after =
                HostMemory.segment(bus.directRead(DATA_FRAME), before.length).toArray(ValueLayout.JAVA_BYTE);
        return IntStream.range(0, before.length)
                .filter(i -> after[i] != before[i])
                .map(i -> i << 8 | after[i] & 0xFF)
                .toArray();
    }

    private MachineState registers() {
        MachineState state = new MachineState();
        System.arraycopy(cpu.gpr, 0, state.gpr, 0, 16);
        state.rip = cpu.rip;
        state.rflags = cpu.rflags();
        state.cs = cpu.selector[SegmentRegister.CS];
        state.ss = cpu.selector[SegmentRegister.SS];
        state.ds = cpu.selector[SegmentRegister.DS];
        state.es = cpu.selector[SegmentRegister.ES];
        state.fs = cpu.selector[SegmentRegister.FS];
        state.gs = cpu.selector[SegmentRegister.GS];
        state.legacy.putShort(MachineState.CONTROL, (short) cpu.fpu.control);
        state.legacy.putShort(MachineState.STATUS, (short) (cpu.fpu.status | cpu.fpu.top << 11));
        state.legacy.put(MachineState.TAGS, (byte) ~cpu.fpu.empty);
        for (int i = 0; i < 8; i++) {
            int physical = cpu.fpu.top + i & 7;
            state.legacy.putLong(MachineState.STACK + 16 * i, cpu.fpu.significand[physical]);
            state.legacy.putShort(MachineState.STACK + 16 * i + 8, (short) cpu.fpu.signExponent[physical]);
        }
        state.legacy.putInt(MachineState.MXCSR, cpu.mxcsr);
        for (int i = 0; i < 32; i++) state.legacy.putLong(MachineState.XMM + 8 * i, cpu.xmm[i]);
        return state;
    }
}
