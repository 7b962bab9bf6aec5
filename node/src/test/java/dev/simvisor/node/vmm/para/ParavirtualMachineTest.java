package dev.simvisor.node.vmm.para;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.build.TinyKernel;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A kernel of a few hypercalls, from its first instruction to its shutdown. */
class ParavirtualMachineTest {
    private static final long CODE = TinyKernel.BASE + TinyKernel.START;
    /** A page of data after the code. */
    private static final int DATA = 0x1000;

    private static final int CONSOLE_IO = 18;
    private static final int SCHED_OP = 29;
    private static final int SET_TIMER = 15;
    private static final int SHUTDOWN = 2;
    private static final int BLOCK = 1;

    private final MachineMemory memory = MachineMemory.ofBytes(256 << 20);
    private final StringBuilder said = new StringBuilder();
    private final ExitLedger ledger = new ExitLedger(ExitCosts.NONE);

    @AfterEach
    void close() {
        memory.close();
    }

    private ParavirtualMachine machine(Function<Cpu, Engine> engine) {
        return new ParavirtualMachine(
                DomainSettings.of(MachineConfiguration.of(16 << 20, CpuModel.BASELINE), 1),
                memory,
                new MachineAddressMap(),
                ledger,
                ProcessorCosts.NONE,
                engine);
    }

    private ParavirtualMachine booted(byte[] code, Function<Cpu, Engine> engine) throws InvalidImageException {
        ParavirtualMachine machine = machine(engine);
        machine.consoleTo(value -> said.append((char) value));
        byte[] image = java.util.Arrays.copyOf(code, 2 * DATA);
        image[DATA] = 'h';
        image[DATA + 1] = 'i';
        machine.boot(new TinyKernel(image).image(), null, "");
        return machine;
    }

    /** Says "hi" after waiting for its timer, and shuts down. */
    private static byte[] politeKernel() {
        return new TinyKernel.Code()
                .hypercall(SET_TIMER, 1_000_000, 0, 0)
                .hypercall(SCHED_OP, BLOCK, 0, 0)
                .hypercall(CONSOLE_IO, 0, 2, CODE + DATA)
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 8, 0)
                .done();
    }

    /** The same without anything to wait for. */
    private static byte[] hastyKernel() {
        return new TinyKernel.Code()
                .hypercall(CONSOLE_IO, 0, 2, CODE + DATA)
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 8, 0)
                .done();
    }

    @Test
    void hypercallsReachTheConsoleAndEndTheMachine() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(hastyKernel(), Interpreter::new)) {
            assertThat(machine.runUntil(1_000_000, Long.MAX_VALUE))
                    .isEqualTo(new ParavirtualMachine.RunEnd.ShutDown(Domain.Shutdown.POWEROFF));
            assertThat(said).hasToString("hi");
            assertThat(machine.instructions()).isEqualTo(10);
            assertThat(ledger.details(ExitKind.HYPERCALL))
                    .containsEntry("console_io", 1L)
                    .containsEntry("sched_op", 1L);
        }
    }

    @Test
    void aKernelThatBlocksWithoutAnEventToWakeItIdles() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(politeKernel(), Interpreter::new)) {
            assertThat(machine.runUntil(5_000_000, Long.MAX_VALUE)).isEqualTo(new ParavirtualMachine.RunEnd.Reached());
            assertThat(machine.nextEventCycles()).as("its timer has no port").isEqualTo(Long.MAX_VALUE);
            assertThat(said).isEmpty();
        }
    }

    @Test
    void howARunIsSplitAndWhatRunsItMakesNoDifference() throws InvalidImageException {
        String whole;
        try (ParavirtualMachine machine = booted(politeKernel(), Interpreter::new)) {
            machine.runUntil(2_000_000, Long.MAX_VALUE);
            whole = machine.stateHash();
        }
        try (ParavirtualMachine machine = booted(politeKernel(), TranslatingEngine::new)) {
            for (long cycle = 1; cycle < 50; cycle++) machine.runUntil(cycle, Long.MAX_VALUE);
            machine.runUntil(1_000_000, Long.MAX_VALUE);
            machine.runUntil(2_000_000, Long.MAX_VALUE);
            assertThat(machine.stateHash()).isEqualTo(whole);
        }
    }

    @Test
    void aGuestThatFaultsWithoutHandlersEndsAndSaysWhy() throws InvalidImageException {
        try (ParavirtualMachine machine =
                booted(new TinyKernel.Code().bytes(0x0F, 0x0B).done(), Interpreter::new)) {
            assertThat(machine.runUntil(1_000_000, Long.MAX_VALUE))
                    .isEqualTo(new ParavirtualMachine.RunEnd.ShutDown(Domain.Shutdown.CRASH));
            assertThat(machine.domain().crashReason()).contains("trap 6 at 0x" + Long.toHexString(CODE));
        }
    }
}
