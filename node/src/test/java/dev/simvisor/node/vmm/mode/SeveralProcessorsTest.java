package dev.simvisor.node.vmm.mode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.cpu.translator.TranslatorSettings;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.TinyKernel;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A kernel on two processors that take turns with a lock, wait for one another, and rewrite each other's code. */
class SeveralProcessorsTest {
    private static final long CLOCK_HERTZ = 10_000_000;
    /** Cycles in which the kernel comes to its end. */
    private static final long ALL = 100_000;

    /** Cycles after which the processors are about done with the lock. */
    private static final long MOST_OF_IT = 20_000;

    // Variables of the kernel
    private static final long STARTED = 0x9000;
    private static final long COUNTER = 0x9008;
    private static final long SEEN = 0x900C;

    /** Has a stack; enables the local APIC; sends INIT and a start-up message for 8000H to processor 1; waits, with PAUSE, until that says it runs. */
    private static final String START_THE_OTHER = "bc00600000 bf0000e0fe c787f0000000ff010000 c7871003000000000001"
            + "c7870003000000450000 c7870003000008460000 f390 833d0090000001 75f5";

    /** A thousand times: takes the lock, spinning with PAUSE, counts, and releases it. */
    private static final String COUNT_UNDER_LOCK =
            "b9e8030000 b801000000 870504900000 85c0 7404 f390 ebed ff0508900000 c7050490000000000000 e2db";

    /** Calls the code at A000H, then has it return 2; interrupts the other processor; halts for good. */
    private static final String REWRITE_AND_HALT = "e8949ff0ff c60501a0000002 c7870003000031400000 fa f4";

    /** In real mode: says that it runs; counts under the lock as the first one does; calls A000H until it returns 2; halts for good. */
    private static final String OTHER = "31c0 8ed8 8ed0 bc0070 66ff060090 66b9e8030000"
            + "66b801000000 6687060490 6685c0 7404 f390 ebec 66ff060890 66c706049000000000 6649 75da"
            + "e8c31f 3c02 75f9 66a30c90 fa f4";

    /** {@code mov al, 1; ret}, which both processors execute, in 32 and in 16 bits. */
    private static final String CALLED = "b001 c3";

    private static final Function<Cpu, Engine> AT_ONCE =
            cpu -> new TranslatingEngine(cpu, new TranslatorSettings(1, 1, 10));

    private static final List<Function<Cpu, Engine>> ENGINES = List.of(Interpreter::new, AT_ONCE);

    private final MachineMemory host = MachineMemory.ofBytes(256L << 20);

    @AfterEach
    void closeHost() {
        host.close();
    }

    static Stream<BoardMode> modes() {
        return BoardMode.available().stream();
    }

    /** With a clock so slow that a processor's turn is over after a thousand instructions. */
    private static MachineConfiguration configuration(int processors) {
        return new MachineConfiguration(
                        2 << 20,
                        CpuModel.BASELINE,
                        CLOCK_HERTZ,
                        VirtualClock.CYCLE_PER_INSTRUCTION,
                        MachineConfiguration.DEFAULT_TIME_OF_DAY,
                        false)
                .withProcessors(processors);
    }

    private Machine machine(BoardMode mode, Function<Cpu, Engine> engines) {
        return new Machine(configuration(2), host, mode.engine(engines, HostCosts.NONE, mode.ledger(HostCosts.NONE)));
    }

    private Machine booted(BoardMode mode, Function<Cpu, Engine> engines) throws Exception {
        Machine machine = machine(mode, engines);
        machine.memory().write(0x8000, HexFormat.of().parseHex(OTHER.replace(" ", "")));
        machine.memory().write(0xA000, HexFormat.of().parseHex(CALLED.replace(" ", "")));
        machine.boot(TinyKernel.of(START_THE_OTHER + COUNT_UNDER_LOCK + REWRITE_AND_HALT));
        return machine;
    }

    private static void assertDone(Machine machine) {
        assertThat(machine.memory().read(STARTED, 4)).isOne();
        assertThat(machine.memory().read(COUNTER, 4)).isEqualTo(2000);
        assertThat(machine.memory().read(SEEN, 4)).isEqualTo(2);
        assertThat(machine.isStuck()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("modes")
    void theyStartExcludeAndInterruptOneAnotherInEveryMode(BoardMode mode) throws Exception {
        Machine interpreted = booted(BareMode.INSTANCE, Interpreter::new);
        assertThat(interpreted.runUntil(ALL)).isEqualTo(new RunOutcome.Idle());
        assertDone(interpreted);
        for (Function<Cpu, Engine> engine : ENGINES) {
            Machine machine = booted(mode, engine);
            machine.runUntil(ALL);
            assertDone(machine);
            assertThat(machine.stateHash()).isEqualTo(interpreted.stateHash());
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void theyAreAtTheSameInstructionsInEveryModeHoweverTheRunIsSplit(BoardMode mode) throws Exception {
        long seed = 7;
        SplittableRandom random = new SplittableRandom(seed);
        Machine bare = booted(BareMode.INSTANCE, Interpreter::new);
        Machine machine = booted(mode, AT_ONCE);
        long until = 0;
        while (until < MOST_OF_IT) {
            until += 1 + random.nextInt(700);
            bare.runUntil(until);
            machine.runUntil(until);
            assertThat(machine.save()).as("seed %d, cycle %d", seed, until).isEqualTo(bare.save());
        }
        Machine whole = booted(BareMode.INSTANCE, Interpreter::new);
        whole.runUntil(until);
        assertThat(machine.stateHash()).isEqualTo(whole.stateHash());
    }

    @Test
    void aMachineThatMovesInTheMidstOfItGoesOnAsIfItHadNot() throws Exception {
        Machine stayed = booted(BareMode.INSTANCE, Interpreter::new);
        Machine moving = booted(BareMode.INSTANCE, AT_ONCE);
        int n = 0;
        for (long until = 3_333; until < MOST_OF_IT; until += 3_333) {
            moving.runUntil(until);
            BoardMode next =
                    BoardMode.available().get(n++ % BoardMode.available().size());
            Machine target = machine(next, AT_ONCE);
            TinyKernel.move(moving, target);
            moving.close();
            moving = target;
            stayed.runUntil(until);
            assertThat(moving.stateHash()).as("at %d", until).isEqualTo(stayed.stateHash());
        }
        moving.runUntil(ALL);
        assertDone(moving);
    }

    /** The other one counts how often it was started, and runs in circles. */
    @ParameterizedTest
    @MethodSource("modes")
    void oneThatRunsIsStartedAnew(BoardMode mode) throws Exception {
        for (Function<Cpu, Engine> engine : ENGINES) {
            Machine machine = machine(mode, engine);
            machine.memory().write(0x8000, HexFormat.of().parseHex("31c08ed866ff060090f390ebfc"));
            machine.boot(TinyKernel.of(START_THE_OTHER + "c7870003000000450000 c7870003000008460000"
                    + "f390 833d0090000002 75f5 c7870003000000450000 fa f4"));
            assertThat(machine.runUntil(ALL)).isEqualTo(new RunOutcome.Idle());
            assertThat(machine.memory().read(STARTED, 4)).isEqualTo(2);
        }
    }

    /** The other one's handler of NMIs, at B000H, has halted when the next one comes. */
    @ParameterizedTest
    @MethodSource("modes")
    void aHandlerOfAnNmiThatHaltsIsNotWokenByTheNext(BoardMode mode) throws Exception {
        for (Function<Cpu, Engine> engine : ENGINES) {
            Machine machine = machine(mode, engine);
            machine.memory().write(0x8000, HexFormat.of().parseHex("31c08ed88ed0bc006066ff060090f390ebfc"));
            machine.memory().write(0xB000, HexFormat.of().parseHex("f4ebfd"));
            String sendTwice = "c7870003000000440000 f390 f390 c7870003000000440000 fa f4";
            machine.boot(TinyKernel.of(START_THE_OTHER + sendTwice));
            machine.memory().write(2 * 4, 4, 0xB000); // in place of firmware's

            assertThat(machine.runUntil(ALL)).isEqualTo(new RunOutcome.Idle());

            Cpu other = machine.cpus().get(1);
            assertThat(other.rip).isEqualTo(0xB001);
            assertThat(other.nmiPending && other.nmiBlocked).isTrue();
            assertThat(machine.isStuck()).isTrue();
        }
    }

    @Test
    void oneThatHasNotBeenStartedWaitsAndIsNoHindrance() throws Exception {
        Machine machine = machine(BareMode.INSTANCE, Interpreter::new);
        machine.boot(TinyKernel.of("fa f4")); // cli; hlt
        assertThat(machine.runUntil(500)).isEqualTo(new RunOutcome.Idle());
        assertThat(machine.instructions()).isEqualTo(2);
        assertThat(machine.isStuck()).isTrue();
    }

    @Test
    void theStateOfAMachineWithAnotherNumberIsRefused() throws Exception {
        Machine two = machine(BareMode.INSTANCE, Interpreter::new);
        Machine one = new Machine(
                configuration(1),
                host,
                BareMode.INSTANCE.engine(Interpreter::new, HostCosts.NONE, BareMode.INSTANCE.ledger(HostCosts.NONE)));
        assertThatThrownBy(() -> one.restore(two.save()))
                .isInstanceOf(UnusableStateException.class)
                .hasMessage("saved state is of a machine with 2 processors, this one has 1");
    }
}
