package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;

/**
 * When a hypercall that works through a list is to break off, so that a guest cannot draw an instant out: as in Xen
 * ({@code hypercall_preempt_check}) as soon as something is due, and in any case after a while. Time and events alone decide.
 */
public final class Preemption {
    /** In elements of lists. */
    private static final long MOST_WORK = 512;

    /** A page table's 512 entries, in elements. */
    private static final long VALIDATION_WORK = 16;

    /** What an element takes at least, whatever the cost model says: nobody works through a list in no time. */
    private static final long LEAST_CYCLES = 64;

    private static final long LONGEST_NANOS = 100_000;

    private final Vcpu vcpu;
    private final VirtualClock clock;
    private final ExitLedger ledger;
    private long begun;
    private long elements;
    private long validationsBefore;

    Preemption(Vcpu vcpu) {
        this.vcpu = vcpu;
        clock = vcpu.domain().clock();
        ledger = vcpu.domain().ledger();
    }

    /** The guest enters the VMM with a hypercall. */
    public void begin() {
        begun = clock.cycles();
        elements = 0;
        validationsBefore = ledger.total(ExitKind.PAGE_TABLE_VALIDATION);
    }

    private long work() {
        long validations = ledger.total(ExitKind.PAGE_TABLE_VALIDATION) - validationsBefore;
        return elements + VALIDATION_WORK * validations;
    }

    /**
     * Whether to break off before the next element of a list. To be asked for each but the first that an entry of the guest's
     * comes to, so that each entry gets on.
     */
    public boolean isDue() {
        elements++;
        long now = clock.cycles();
        return work() >= MOST_WORK
                || now >= clock.nextDueCycles()
                || now - begun >= clock.toCycles(LONGEST_NANOS)
                || vcpu.upcallPending() && !vcpu.upcallsMasked();
    }

    /** The call was broken off: lets the time pass that its elements take at least. */
    public void brokenOff() {
        charge();
    }

    /**
     * The call came to its end. Its last element may have been far more work than any list is done of at once: a table is
     * validated, or let go of, with all tables below it, as what is half done has no other owner. What guests do every day stays
     * as cheap as the cost model says.
     */
    public void finished() {
        if (work() > MOST_WORK) charge();
    }

    private void charge() {
        clock.charge(Math.max(0, begun + LEAST_CYCLES * work() - clock.cycles()));
    }
}
