package dev.simvisor.node.host;

/**
 * When a host looks for pages that its VMs can share: at multiples of an interval, as long as there may be some that it has not found.
 * A host whose VMs all wait need not be woken for it.
 */
final class SharingTimes {
    /** Until what has not changed meanwhile is shared: a page has to hold the same in two looks. */
    private static final int LOOKS_FOR_ALL = 2;

    private final long everyNanos;
    private long lookedNanos = -1;
    private int looksOwed;

    /** @param everyNanos the interval, 0 for no looks at all */
    SharingTimes(long everyNanos) {
        this.everyNanos = everyNanos;
    }

    /** There are other pages than there were, or pages may have been written. */
    void changed() {
        looksOwed = LOOKS_FOR_ALL;
    }

    /** Whether there is something to look for now. If there is, the caller does so. */
    boolean takeLook(long nowNanos) {
        if (nextNanos(nowNanos) != nowNanos) return false;
        lookedNanos = nowNanos;
        if (looksOwed == 0) return false;
        looksOwed--;
        return true;
    }

    /** When a look comes next, from now on, should there be reason for it by then; Long.MAX_VALUE for never. */
    long nextNanos(long nowNanos) {
        if (everyNanos == 0) return Long.MAX_VALUE;
        boolean isNow = nowNanos % everyNanos == 0 && nowNanos != lookedNanos;
        return isNow ? nowNanos : (nowNanos / everyNanos + 1) * everyNanos;
    }

    /** The same, if there is reason for it already. */
    long dueNanos(long nowNanos) {
        return looksOwed == 0 ? Long.MAX_VALUE : nextNanos(nowNanos);
    }
}
