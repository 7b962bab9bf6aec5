package dev.simvisor.node.vmm.migration;

import dev.simvisor.node.vmm.GuestMachine;

/**
 * Auto-converge: how much of its time a VM is held back, so that it writes less than the path can carry.
 *
 * <p>When it begins and how it rises is QEMU's: a round is unproductive when the guest wrote more than half of what the round
 * sent, and at every second of them the throttle begins with 20 % or rises by 10 points, up to 99 % ({@code
 * migration_trigger_throttle} in QEMU's {@code migration/ram.c}, with the defaults of {@code throttle-trigger-threshold}, {@code
 * cpu-throttle-initial}, {@code cpu-throttle-increment} and {@code max-cpu-throttle} in {@code qapi/migration.json}; that it is every
 * second one: QEMU commit 070afca2). It never falls while there are rounds. QEMU judges what happened in a second or more;
 * here it is each round.
 *
 * <p>So it does not help where less may remain for the switch-over than half of what a burst sends: a guest that writes more than
 * that in the shortest round there is, but less than half of what that sends, goes on to the last round.
 *
 * @param percent of every stretch of time, the share in which the vCPUs have no processor; 0 is no throttle
 * @param unproductiveRounds since it last began or rose
 */
record Throttle(int percent, int unproductiveRounds) {
    static final Throttle NONE = new Throttle(0, 0);

    private static final int FIRST_PERCENT = 20;
    private static final int STEP_PERCENT = 10;
    private static final int MOST_PERCENT = 99;

    /** What a guest may write, of what a round sends, for the round to be productive. */
    private static final int PRODUCTIVE_PERCENT = 50;

    private static final int ROUNDS_TO_RISE = 2;

    /** What is in force after a round that sent so many bytes, in which the guest wrote to so many pages. */
    Throttle after(long bytesSent, long pagesDirtied) {
        boolean productive = pagesDirtied * GuestMachine.PAGE_BYTES <= bytesSent * PRODUCTIVE_PERCENT / 100;
        if (productive) {
            return this;
        }
        if (unproductiveRounds + 1 < ROUNDS_TO_RISE) {
            return new Throttle(percent, unproductiveRounds + 1);
        }
        int raised = percent == 0 ? FIRST_PERCENT : Math.min(percent + STEP_PERCENT, MOST_PERCENT);
        return new Throttle(raised, 0);
    }

    boolean isInForce() {
        return percent > 0;
    }
}
