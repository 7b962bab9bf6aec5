package dev.simvisor.node.host;

import dev.simvisor.node.vmm.GuestMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Sees to it that no two VMs write to one disk, whatever the controller has come to believe: a host that it has taken for dead may
 * yet run the window it is in, in this process or, stopped for a while, in another.
 */
final class DiskClaims {
    /** Of the wall clock: longer than any window. Nothing in the simulation depends on how much of it is used up. */
    private static final long PATIENCE_NANOS = 2_000_000_000L;

    private static final long PAUSE_MILLIS = 2;

    private final List<GuestMachine> pending = new ArrayList<>();

    /**
     * Claims the disks of a machine that is about to run, and waits a little for whoever has them: one that was ended elsewhere, or the
     * source of a migration, which lets go of them within the window in which the target takes over.
     *
     * @return why it must not run, in one line; nothing when it may
     */
    Optional<String> claim(GuestMachine machine) throws InterruptedException {
        long began = System.nanoTime();
        Optional<String> refusal = machine.claimDisks();
        while (refusal.isPresent() && System.nanoTime() - began < PATIENCE_NANOS) {
            Thread.sleep(PAUSE_MILLIS);
            refusal = machine.claimDisks();
        }
        return refusal;
    }

    /** Claims the disks of a machine that runs already, as soon as whoever has them, and will not run any more, has let go. */
    void claimLater(GuestMachine machine) {
        pending.add(machine);
    }

    /** To be called again and again. */
    void retry() {
        pending.removeIf(machine -> machine.claimDisks().isEmpty());
    }

    void forget(GuestMachine machine) {
        pending.remove(machine);
    }
}
