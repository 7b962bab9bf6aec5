package dev.simvisor.node.vmm.para;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.build.TinyKernel;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two vCPUs that count: the first so far and then waits for ever, the second on and on. */
class TimeSlicesTest {
    private static final long CODE = TinyKernel.BASE + TinyKernel.START;
    private static final int OTHER = 0x800;
    private static final int CONTEXT = 0x1000;
    private static final int FIRST_COUNT = 0x3000;
    private static final int OTHER_COUNT = 0x3008;
    private static final int SIZE = 0x4000;

    private static final int ROUNDS = 300_000;
    private static final int ROUND = 3;
    /** Cycles of a slice, of which each instruction takes one: 100 us. */
    private static final long SLICE = MachineConfiguration.DEFAULT_CLOCK_HERTZ / 10_000;

    private static final int VCPU_OP = 24;
    private static final int INITIALISE = 0;
    private static final int UP = 1;
    private static final int SCHED_OP = 29;
    private static final int BLOCK = 1;

    // struct vcpu_guest_context
    private static final int FLAGS = 512;
    private static final int IN_KERNEL = 1 << 2;
    private static final int RIP = 648;
    private static final int CS = 656;
    private static final int RFLAGS = 664;
    private static final int SS = 680;
    private static final int CR3 = 5008;

    private final MachineMemory memory = MachineMemory.ofBytes(64 << 20);

    @AfterEach
    void close() {
        memory.close();
    }

    private ParavirtualMachine booted(Function<Cpu, Engine> engines) throws InvalidImageException {
        byte[] first = new TinyKernel.Code()
                .hypercall(VCPU_OP, INITIALISE, 1, CODE + CONTEXT)
                .hypercall(VCPU_OP, UP, 1, 0)
                .bytes(0x48, 0xFF, 0x04, 0x25) // INC QWORD [count]
                .little((int) CODE + FIRST_COUNT)
                .bytes(0x48, 0x81, 0x3C, 0x25) // CMP QWORD [count], ROUNDS
                .little((int) CODE + FIRST_COUNT)
                .little(ROUNDS)
                .bytes(0x75, -22 & 0xFF) // JNE to INC
                .hypercall(SCHED_OP, BLOCK, 0, 0)
                .bytes(0x0F, 0x0B) // UD2: nothing is to wake it
                .done();
        byte[] other = new TinyKernel.Code()
                .bytes(0x48, 0xFF, 0x04, 0x25) // INC QWORD [count]
                .little((int) CODE + OTHER_COUNT)
                .bytes(0xEB, -10 & 0xFF) // JMP to INC
                .done();
        byte[] image = Arrays.copyOf(first, SIZE);
        System.arraycopy(other, 0, image, OTHER, other.length);
        ParavirtualMachine machine = new ParavirtualMachine(
                DomainSettings.of(MachineConfiguration.of(16 << 20, CpuModel.BASELINE), 2),
                memory,
                new MachineAddressMap(),
                new ExitLedger(ExitCosts.NONE),
                ProcessorCosts.NONE,
                engines,
                backends -> {});
        machine.boot(new TinyKernel(image).image(), null, "");
        GuestMemory guest = machine.domain().memory().memory();
        long context = TinyKernel.START + CONTEXT;
        guest.write(context + FLAGS, 8, IN_KERNEL);
        guest.write(context + RIP, 8, CODE + OTHER);
        guest.write(context + CS, 8, HypervisorSpace.FLAT_CODE_64);
        guest.write(context + RFLAGS, 8, 2);
        guest.write(context + SS, 8, HypervisorSpace.FLAT_DATA);
        int root = machine.domain().vcpu(0).kernelTable();
        guest.write(context + CR3, 8, machine.domain().memory().mfn(root) << 12);
        return machine;
    }

    private static long executed(ParavirtualMachine machine, int vcpu) {
        return machine.domain().vcpu(vcpu).cpu().instructionsExecuted();
    }

    @Test
    void vcpusTakeTurnsAsLongAsBothCanRun() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(TranslatingEngine::new)) {
            machine.runUntil(10 * SLICE);
            assertThat(executed(machine, 0)).isCloseTo(5 * SLICE, within(SLICE));
            assertThat(executed(machine, 1)).isCloseTo(5 * SLICE, within(SLICE));

            machine.runUntil(40 * SLICE);
            assertThat(executed(machine, 0)).isCloseTo(ROUNDS * ROUND, within(20L));
            assertThat(executed(machine, 1)).isEqualTo(40 * SLICE - executed(machine, 0));
        }
    }

    @Test
    void whoRunsDoesNotDependOnHowTheRunIsSplitNorOnTheEngine() throws InvalidImageException {
        String whole;
        try (ParavirtualMachine machine = booted(Interpreter::new)) {
            machine.runUntil(30 * SLICE);
            whole = machine.stateHash();
        }
        try (ParavirtualMachine machine = booted(TranslatingEngine::new)) {
            for (long cycles = 0; cycles < 30 * SLICE; cycles += 7919) machine.runUntil(cycles);
            machine.runUntil(30 * SLICE);
            assertThat(machine.stateHash()).isEqualTo(whole);
        }
    }
}
