package dev.simvisor.controller.cluster;

/** Ties virtual to wall time: never faster than asked for, and not made up for when it was slower. */
final class Pace {
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
        long dueWall = baseWallNanos + (long) ((virtualNanos - baseVirtualNanos) / virtualPerWall);
        if (dueWall <= wallNanos) {
            baseVirtualNanos = virtualNanos;
            baseWallNanos = wallNanos;
        }
        return Math.max(0, dueWall - wallNanos);
    }

    /** The virtual time that belongs to a wall time. */
    long virtualAt(long wallNanos) {
        return baseVirtualNanos + (long) ((wallNanos - baseWallNanos) * virtualPerWall);
    }
}
