package dev.simvisor.controller.cluster;

/** Ties virtual to wall time: not faster than asked for, and a long delay is not made up for. */
final class Pace {
    /** Windows are short against what a timer can wait for, so virtual time may be ahead by as much. */
    private static final long LEAD_NANOS = 20_000_000;

    /** A delay up to this is made up for. */
    private static final long LAG_NANOS = 100_000_000;

    private double virtualPerWall;
    private long baseVirtualNanos;
    private long baseWallNanos;

    /** @param virtualPerWall virtual seconds per wall second; 0 for as fast as it goes */
    void set(double virtualPerWall, long virtualNanos, long wallNanos) {
        this.virtualPerWall = virtualPerWall;
        baseVirtualNanos = virtualNanos;
        baseWallNanos = wallNanos;
    }

    double virtualPerWall() {
        return virtualPerWall;
    }

    boolean isFree() {
        return virtualPerWall <= 0;
    }

    /** How long to wait until a virtual time may begin; 0 when it may now. */
    long waitNanos(long virtualNanos, long wallNanos) {
        if (isFree()) {
            return 0;
        }
        // In floating point, as what is due may be as far ahead as there is time.
        double wait = (virtualNanos - baseVirtualNanos) / virtualPerWall - (wallNanos - baseWallNanos);
        if (wait < -LAG_NANOS) {
            baseVirtualNanos = virtualNanos;
            baseWallNanos = wallNanos;
        }
        return wait <= LEAD_NANOS ? 0 : (long) wait;
    }

    /** The virtual time that belongs to a wall time. */
    long virtualAt(long wallNanos) {
        return baseVirtualNanos + (long) ((wallNanos - baseWallNanos) * virtualPerWall);
    }
}
