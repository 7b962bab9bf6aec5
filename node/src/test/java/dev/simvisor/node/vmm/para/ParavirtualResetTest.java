package dev.simvisor.node.vmm.para;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.build.TinyKernel;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A paravirtual guest asks for a reboot, and starts again in a new domain. */
class ParavirtualResetTest {
    private static final long CODE = TinyKernel.BASE + TinyKernel.START;
    /** A page of data after the code: what it says, and why it shuts down. */
    private static final int DATA = 0x1000;

    private static final int REASON = DATA + 8;
    private static final int CONSOLE_IO = 18;
    private static final int SCHED_OP = 29;
    private static final int SHUTDOWN = 2;
    private static final int REBOOT = 1;
    private static final long END = 20_000_000;

    private final MachineMemory memory = MachineMemory.ofBytes(256 << 20);
    private final MachineAddressMap map = new MachineAddressMap();
    private final StringBuilder said = new StringBuilder();

    @AfterEach
    void close() {
        memory.close();
    }

    private ParavirtualMachine booted(Function<Cpu, Engine> engine) throws Exception {
        ParavirtualMachine machine = new ParavirtualMachine(
                DomainSettings.of(MachineConfiguration.of(16 << 20, CpuModel.BASELINE), 2),
                memory,
                map,
                new ExitLedger(ExitCosts.NONE),
                ProcessorCosts.NONE,
                engine,
                backends -> {});
        machine.consoleTo(value -> said.append((char) value));
        machine.boot(kernel());
        return machine;
    }

    /** Counts up the letter 'h' in memory, works a little, says the letter, and asks for a reboot. */
    private static BootSource kernel() {
        ByteBuffer address =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, CODE + DATA);
        TinyKernel.Code code = new TinyKernel.Code().bytes(0x48, 0xB8); // MOV RAX, CODE + DATA
        for (byte b : address.array()) code.bytes(b & 0xFF);
        byte[] image = Arrays.copyOf(
                code.bytes(0xFE, 0x00) // INC BYTE [RAX]
                        .bytes(0xB9, 0, 0, 2, 0, 0xE2, 0xFE) // 20000h times round
                        .hypercall(CONSOLE_IO, 0, 1, CODE + DATA)
                        .hypercall(SCHED_OP, SHUTDOWN, CODE + REASON, 0)
                        .done(),
                2 * DATA);
        image[DATA] = 'h';
        image[REASON] = REBOOT;
        return new BootSource.Linux(new TinyKernel(image).image(), null, "");
    }

    private static void run(ParavirtualMachine machine, long cycles) throws Exception {
        while (machine.runUntil(cycles) instanceof RunOutcome.ResetRequested) machine.reset(kernel());
    }

    @Test
    void theNewDomainIsWhereTheOldOneWasWhileTimeAndCountsGoOn() throws Exception {
        try (ParavirtualMachine machine = booted(Interpreter::new);
                ParavirtualMachine neighbour = booted(Interpreter::new)) {
            assertThat(machine.runUntil(END)).isEqualTo(new RunOutcome.ResetRequested());
            long firstMfn = machine.domain().memory().firstMfn();
            long reserved = memory.reservedFrames();
            long instructions = machine.instructions();
            long nanos = machine.clock().nanos();
            long busy = machine.busyCycles();

            machine.reset(kernel());

            assertThat(machine.domain().memory().firstMfn()).isEqualTo(firstMfn);
            assertThat(memory.reservedFrames()).isEqualTo(reserved);
            assertThat(machine.instructions()).isEqualTo(instructions);
            assertThat(machine.busyCycles()).isEqualTo(busy);
            assertThat(machine.clock().nanos() - nanos).isEqualTo(GuestPlatform.RESET_NANOS);
            run(machine, END);
            assertThat(said.toString()).matches("i{5,}");
            assertThat(neighbour.domain().memory().firstMfn()).isNotEqualTo(firstMfn);
        }
        assertThat(memory.allocatedFrames()).isZero();
        assertThat(memory.reservedFrames()).isZero();
    }

    @Test
    void whatRunsItAndHowTheRunIsSplitMakesNoDifference() throws Exception {
        String whole = hash(Interpreter::new, END);
        assertThat(hash(TranslatingEngine::new, END)).isEqualTo(whole);
        assertThat(hash(TranslatingEngine::new, 7_777)).isEqualTo(whole);
        assertThat(said.length()).isGreaterThan(9);
    }

    private String hash(Function<Cpu, Engine> engine, long step) throws Exception {
        try (ParavirtualMachine machine = booted(engine)) {
            for (long cycles = 0; cycles < END; cycles += step) run(machine, cycles);
            run(machine, END);
            return machine.stateHash();
        }
    }

    @Test
    void pagesAreLoggedAsWrittenOverAReset() throws Exception {
        try (ParavirtualMachine machine = booted(Interpreter::new)) {
            machine.pages().startDirtyLog();
            BitSet held = machine.pages().all();
            for (int gfn = 0; gfn < machine.pages().endFrame(); gfn++) {
                if (machine.pages().isZero(gfn)) held.clear(gfn);
            }
            machine.runUntil(END);
            machine.reset(kernel());
            held.andNot(machine.pages().takeDirty());
            assertThat(held.cardinality()).isZero();
        }
    }

    @Test
    void whatWaitsToBeReadWaitsOn() throws Exception {
        try (ParavirtualMachine machine = booted(Interpreter::new)) {
            machine.type("x".repeat(3000).getBytes(StandardCharsets.US_ASCII));
            int unread = machine.unreadInput();
            machine.runUntil(END);
            machine.reset(kernel());
            // As much as the old ring held is gone with it.
            assertThat(machine.unreadInput()).isEqualTo(unread - 1024);
        }
    }
}
