package dev.simvisor.node.vmm.para.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.image.Hosts.Saved;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The built-in guest suspends itself, and goes on in the same domain or in another. */
class SuspensionTest {
    private final Hosts hosts = new Hosts();

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void guestGoesOnInADomainWithOtherMachineFrames() throws Exception {
        ParavirtualMachine source = hosts.booted("");
        hosts.runUntilSaid(source, "> ");
        Hosts.suspend(source);
        Saved saved = Hosts.save(source);

        ParavirtualMachine target = hosts.restored(1, saved);

        assertThat(target.domain().memory().firstMfn())
                .isNotEqualTo(source.domain().memory().firstMfn());
        assertThat(target.stateHash()).isEqualTo(saved.hash());
        assertThat(target.save()).isEqualTo(saved.state());
        target.resume();
        hosts.type(target, "fib 15\recho typed\r");
        hosts.runUntilSaid(target, "\ntyped");
        assertThat(hosts.console.toString()).contains("fib 15: checksum 0000000000000262");
    }

    @Test
    void cancelledSuspensionChangesNothingForTheGuest() throws Exception {
        ParavirtualMachine machine = hosts.booted("ticker 20 20; dirty 1 4 sequential 2; wait; echo finished");
        hosts.runUntilSaid(machine, "tick 3");
        for (int n = 0; n < 3; n++) {
            Hosts.suspend(machine);
            machine.resume();
            Hosts.runFor(machine, 30);
        }
        assertThat(hosts.timesWired).as("the back ends are there").isEqualTo(1);
        hosts.runUntilSaid(machine, "\nfinished");
        assertThat(hosts.console.toString()).contains("verified");
        for (int tick = 1; tick <= 20; tick++)
            assertThat(hosts.console.toString()).containsOnlyOnce("tick " + tick + "\n");
    }

    @Test
    void clockGoesOnWhereItWas() throws Exception {
        ParavirtualMachine source = hosts.booted("");
        hosts.runUntilSaid(source, "> ");
        Hosts.suspend(source);
        ParavirtualMachine target = hosts.restored(1, Hosts.save(source));
        assertThat(target.cycles()).isEqualTo(source.cycles());
        assertThat(target.instructions()).isEqualTo(source.instructions());
    }

    @Test
    void suspensionThatNobodyWaitsForAnyMoreIsCancelled() throws Exception {
        ParavirtualMachine machine = hosts.booted("");
        hosts.runUntilSaid(machine, "> ");
        machine.requestSuspension();
        machine.resume();
        assertThat(Hosts.runFor(machine, 200)).isEqualTo(new RunOutcome.Idle());
        assertThat(machine.canBeSaved()).isFalse();
        hosts.type(machine, "echo typed\r");
        hosts.runUntilSaid(machine, "\ntyped");
    }

    @Test
    void guestIsUnderWayAHundredTimesAndLosesNothing() throws Exception {
        long seed = Long.getLong("seed", 1);
        Random random = new Random(seed);
        ParavirtualMachine machine = hosts.booted("ticker 300 10; dirty 1 30 random 2; spin; wait; halt");
        hosts.runUntilSaid(machine, "tick 1\n");
        for (int n = 1; n <= 100; n++) {
            Hosts.runFor(machine, random.nextInt(20));
            Hosts.suspend(machine);
            Saved saved = Hosts.save(machine);
            if (random.nextInt(4) == 0) {
                machine.resume();
                continue;
            }
            ParavirtualMachine next = hosts.restored(n % 2, saved);
            assertThat(next.stateHash()).as("journey %d of seed %d", n, seed).isEqualTo(saved.hash());
            hosts.close(machine);
            machine = next;
            machine.resume();
        }
        hosts.runUntilSaid(machine, "tick 300\n");
        for (int tick = 1; tick <= 300; tick++) {
            assertThat(hosts.console.toString()).as("seed %d", seed).containsOnlyOnce("tick " + tick + "\n");
        }
    }
}
