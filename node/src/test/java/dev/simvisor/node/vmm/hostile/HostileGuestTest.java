package dev.simvisor.node.vmm.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guests made to do harm do none but to themselves: nothing they do ends the simulator, no frame of the host's but their own is
 * touched. Those that keep to what the architecture defines come to the very same end in every mode.
 *
 * <p>{@code -Dhostile.seed=N} runs one other seed, {@code -Dhostile.guests=N} so many guests of it.
 */
class HostileGuestTest {
    private static final long SEED = Long.getLong("hostile.seed", 1);
    private static final int GUESTS = Integer.getInteger("hostile.guests", 5);
    private static final long SLICE = 20_000;
    private static final int SLICES = 10;
    private static final long HOST_FRAMES = 16_384;

    private static EngineFactory engines(String mode) {
        return BoardMode.named(mode)
                .orElseThrow()
                .engine(Interpreter::new, HostCosts.NONE, new ExitLedger(ExitCosts.NONE));
    }

    private static Machine machine(MachineMemory host, String mode, long seed, boolean wide, boolean polite) {
        MachineConfiguration configuration = MachineConfiguration.of(HostileKernel.MEMORY, CpuModel.BASELINE);
        Machine machine = new Machine(configuration, host, engines(mode));
        new HostileKernel(new SplittableRandom(seed), wide, polite).install(machine);
        return machine;
    }

    @ParameterizedTest
    @CsvSource({"translate, true", "translate, false", "hardware, true", "hardware, false"})
    void aGuestThatKeepsToTheManualCannotTellTheModeFromBare(String mode, boolean wide) {
        for (int guest = 0; guest < GUESTS; guest++) {
            long seed = SEED * 1000 + guest;
            try (MachineMemory host = new MachineMemory(HOST_FRAMES);
                    Machine bare = machine(host, "bare", seed, wide, true);
                    Machine other = machine(host, mode, seed, wide, true)) {
                String where = "seed " + seed + " (replay with -Dhostile.seed=" + SEED + ")";
                for (int slice = 1; slice <= SLICES; slice++) {
                    RunOutcome expected = bare.runUntil(slice * SLICE);
                    RunOutcome outcome = other.runUntil(slice * SLICE);
                    assertThat(outcome).as(where).isEqualTo(expected);
                    assertThat(other.save()).as(where).isEqualTo(bare.save());
                    if (ended(outcome)) break;
                }
                assertThat(other.stateHash()).as(where).isEqualTo(bare.stateHash());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "bare, true",
        "bare, false",
        "trap, true",
        "trap, false",
        "translate, true",
        "translate, false",
        "hardware, true",
        "hardware, false"
    })
    void aGuestThatKeepsToNothingHarmsOnlyItself(String mode, boolean wide) {
        for (int guest = 0; guest < GUESTS; guest++) {
            long seed = SEED * 1000 + guest;
            try (MachineMemory host = new MachineMemory(HOST_FRAMES)) {
                Machine neighbour = machine(host, "bare", seed + 500, wide, false);
                neighbour.runUntil(SLICE);
                String before = neighbour.stateHash();
                long reserved = host.reservedFrames();
                Machine hostile = machine(host, mode, seed, wide, false);
                RunOutcome outcome = hostile.runUntil(SLICES * SLICE);
                assertThat(outcome).isNotNull();
                hostile.close();
                assertThat(neighbour.stateHash()).as("seed " + seed).isEqualTo(before);
                assertThat(host.reservedFrames()).as("seed " + seed).isEqualTo(reserved);
                neighbour.close();
            }
        }
    }

    private static boolean ended(RunOutcome outcome) {
        return !(outcome instanceof RunOutcome.DeadlineReached) && !(outcome instanceof RunOutcome.Idle);
    }
}
