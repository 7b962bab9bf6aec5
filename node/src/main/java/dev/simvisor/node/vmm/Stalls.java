package dev.simvisor.node.vmm;

/**
 * How a guest has stood still for pages that had yet to come.
 *
 * @param count how often
 * @param nanos how long, all in all
 * @param longestNanos of one time
 */
public record Stalls(long count, long nanos, long longestNanos) {
    static final Stalls NONE = new Stalls(0, 0, 0);

    Stalls with(long moreNanos) {
        return new Stalls(count + 1, nanos + moreNanos, Math.max(longestNanos, moreNanos));
    }
}
