package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The paravirtual built-in guest is copied page by page while it runs, as pre-copy does it, and goes on elsewhere. It makes and ends
 * tasks all the while, so that frames become page tables and cease to be between one round and the next.
 */
class ParavirtualJourneyTest {
    private static final int JOURNEYS = Integer.getInteger("para.journeys", 40);
    private static final String LOAD =
            "ticker 200 10; dirty 1 8 random 2; fib 12; fib 13; fib 14; fib 15; pagefaults 200; switches 100; fib 12; fib 13;"
                    + " pagefaults 100; fib 14; fib 15; wait; halt";

    private final StringBuilder console = new StringBuilder();

    private static HostedMachines host() {
        return new HostedMachines(HostSpec.newBuilder()
                .setName("h")
                .setMemoryBytes(64 << 20)
                .setClockHz(100_000_000)
                .build());
    }

    private static VmSpec spec(String commands) {
        return VmSpec.newBuilder()
                .setName("a")
                .setMode("para")
                .setMemoryBytes(8 << 20)
                .setBoot(Boot.newBuilder()
                        .setBuiltIn(BuiltInGuest.newBuilder().setCommandLine("run=\"" + commands + "\"")))
                .build();
    }

    private GuestMachine ready(Built built) {
        GuestMachine machine = ((Built.Ready) built).machine();
        machine.consoleTo(value -> console.append(value == '\r' ? "" : (char) value));
        return machine;
    }

    private static boolean goesOn(RunOutcome outcome) {
        return outcome instanceof RunOutcome.DeadlineReached || outcome instanceof RunOutcome.Idle;
    }

    private static RunOutcome runFor(GuestMachine machine, long micros) {
        return machine.runUntil(machine.cycles() + micros * 100);
    }

    /** Sends pages as they are now. */
    private static void copy(GuestMachine from, GuestMachine to, BitSet gfns) {
        byte[] page = new byte[GuestMachine.PAGE_BYTES];
        gfns.stream().forEach(gfn -> {
            if (from.pages().isZero(gfn)) {
                to.pages().clearPage(gfn);
            } else {
                from.pages().readPage(gfn, page, 0);
                to.pages().writePage(gfn, page, 0);
            }
        });
    }

    private static void copyLive(GuestMachine source, GuestMachine target, Random random) {
        BitSet all = new BitSet();
        all.set(0, source.pages().endFrame());
        source.pages().startDirtyLog();
        copy(source, target, all);
        for (int round = random.nextInt(4); round > 0; round--) {
            runFor(source, random.nextInt(4000));
            copy(source, target, source.pages().takeDirty());
        }
        source.requestSuspension();
        assertThat(runFor(source, 100_000)).isEqualTo(new RunOutcome.Suspended());
        copy(source, target, source.pages().takeDirty());
        source.pages().stopDirtyLog();
    }

    @Test
    void whatIsCopiedWhileItRunsIsTheGuestThatWasSuspended() throws Exception {
        long seed = Long.getLong("seed", 7);
        Random random = new Random(seed);
        List<HostedMachines> hosts = List.of(host(), host());
        VmSpec spec = spec(LOAD);
        try (GuestMachine neighbour = ready(hosts.get(1).booted(spec("")))) {
            assertThat(neighbour.canBeSaved()).isFalse();
            GuestMachine machine = ready(hosts.getFirst().booted(spec));
            for (int n = 0; n < 1000 && console.indexOf("tick 1\n") < 0; n++) runFor(machine, 10_000);
            for (int n = 1; n <= JOURNEYS; n++) {
                runFor(machine, random.nextInt(40_000));
                GuestMachine target = ready(hosts.get(n % 2).blank(spec));
                copyLive(machine, target, random);
                target.restore(machine.save());
                assertThat(target.stateHash())
                        .as("journey %d of seed %d", n, seed)
                        .isEqualTo(machine.stateHash());
                machine.close();
                machine = target;
                machine.resume();
            }
            RunOutcome outcome = new RunOutcome.Idle();
            for (int n = 0; n < 1000 && goesOn(outcome); n++) outcome = runFor(machine, 10_000);
            assertThat(outcome).as(console.toString()).isEqualTo(new RunOutcome.PoweredOff());
            machine.close();
        }
        for (int tick = 1; tick <= 200; tick++) assertThat(console.toString()).containsOnlyOnce("tick " + tick + "\n");
        assertThat(console.toString())
                .contains("fib 15: checksum 0000000000000262")
                .contains("verified");
    }
}
