package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.FlatSegmentRegisters;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** The same program on two processors, one interpreted and one translated, which must never be seen to differ. */
final class GuestPair implements AutoCloseable {
    static final int CODE = 0x10000;
    static final int DATA = 0x20000;
    static final int STACK_TOP = 0x30000;
    private static final int MEMORY = 1 << 20;
    private static final int PAGE_TABLES = 0x80000;
    /** Present, writable, user, accessed, dirty. */
    private static final int PRESENT = 0x67;

    final Guest interpreted;
    final Guest translated;

    /** One of the two. */
    static final class Guest {
        final FlatBus bus = new FlatBus(MEMORY);
        final Cpu cpu = new Cpu(bus, CpuModel.BASELINE);
        final Engine engine;

        Guest(boolean wide, Function<Cpu, Engine> engines) {
            engine = engines.apply(cpu);
            bus.watcher(engine);
            FlatSegmentRegisters.fill(cpu, wide ? 64 : 32);
            if (wide) enterLongMode();
            cpu.cr0 |= ControlRegister.CR0_PE;
            cpu.updateMode();
            cpu.rip = CODE;
            cpu.gpr[Cpu.RSP] = STACK_TOP;
            cpu.gpr[Cpu.RSI] = DATA;
        }

        /** The first 2 MiB at their own addresses, in small pages. */
        private void enterLongMode() {
            bus.write(PAGE_TABLES, 8, PAGE_TABLES + 0x1000 | PRESENT);
            bus.write(PAGE_TABLES + 0x1000, 8, PAGE_TABLES + 0x2000 | PRESENT);
            bus.write(PAGE_TABLES + 0x2000, 8, PAGE_TABLES + 0x3000 | PRESENT);
            for (int n = 0; n < MEMORY >> 12; n++)
                bus.write(PAGE_TABLES + 0x3000 + 8L * n, 8, (long) n << 12 | PRESENT);
            cpu.cr3 = PAGE_TABLES;
            cpu.cr4 |= ControlRegister.CR4_PAE;
            cpu.cr0 |= ControlRegister.CR0_PG;
            cpu.msr.efer |= ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA;
        }

        byte[] memory() {
            return HostMemory.segment(bus.directRead(0), MEMORY).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    GuestPair(boolean wide, TranslatorSettings settings) {
        this(wide, settings, new RegionLibrary());
    }

    /** A pair whose translated one takes what it can from a library. */
    GuestPair(boolean wide, TranslatorSettings settings, RegionLibrary library) {
        interpreted = new Guest(wide, Interpreter::new);
        translated = new Guest(wide, cpu -> new TranslatingEngine(cpu, settings, library, SymbolTable.NONE));
    }

    List<TranslatedRegion> hottest() {
        return ((TranslatingEngine) translated.engine).hottest();
    }

    TranslatorStatistics statistics() {
        return ((TranslatingEngine) translated.engine).statistics();
    }

    void load(int address, byte... bytes) {
        interpreted.bus.load(address, bytes);
        translated.bus.load(address, bytes);
    }

    List<Guest> guests() {
        return List.of(interpreted, translated);
    }

    /** Maps the page at a linear address to a frame, in long mode, and forgets how it was mapped. */
    void map(int linear, int frame) {
        edit(linear, frame | PRESENT);
    }

    void unmap(int linear) {
        edit(linear, 0);
    }

    private void edit(int linear, long entry) {
        for (Guest guest : guests()) {
            guest.bus.write(PAGE_TABLES + 0x3000 + 8L * (linear >> 12), 8, entry);
            guest.cpu.memory.invalidatePage(linear);
        }
    }

    /** Runs both and compares all there is. */
    void run(long instructions, String what) {
        interpreted.engine.run(instructions);
        translated.engine.run(instructions);
        assertThat(CpuStateCodec.save(translated.cpu)).as(what).isEqualTo(CpuStateCodec.save(interpreted.cpu));
        int difference = Arrays.mismatch(translated.memory(), interpreted.memory());
        assertThat(difference).as(what + ": address of the first difference").isEqualTo(-1);
    }

    /** Runs them for a while, in which all is executed in regions that are hardly ever left. */
    void runWithinRegions(String what) {
        run(10_000, what);
        assertThat(statistics().executed()).isGreaterThan(9000);
        assertThat(statistics().entries()).isLessThan(20);
    }

    long executed() {
        return interpreted.cpu.instructionsExecuted();
    }

    @Override
    public void close() {
        interpreted.bus.close();
        translated.bus.close();
    }
}
