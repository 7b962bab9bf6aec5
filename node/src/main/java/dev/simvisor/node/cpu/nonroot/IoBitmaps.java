package dev.simvisor.node.cpu.nonroot;

/** I/O bitmaps A and B (SDM Vol 3C §25.6.4): a bit per port, all clear at first. */
public final class IoBitmaps {
    private static final int PORTS = 1 << 16;

    private final long[] exiting = new long[PORTS / Long.SIZE];

    public void set(int port, boolean exits) {
        if (exits) exiting[port >>> 6] |= 1L << port;
        else exiting[port >>> 6] &= ~(1L << port);
    }

    /** Whether an access of {@code bytes} (1, 2 or 4) leaves: any of its ports does, or it wraps past FFFFH. */
    boolean exits(int port, int bytes) {
        if (port + bytes > PORTS) return true;
        for (int n = port; n < port + bytes; n++) {
            if ((exiting[n >>> 6] & 1L << n) != 0) return true;
        }
        return false;
    }
}
