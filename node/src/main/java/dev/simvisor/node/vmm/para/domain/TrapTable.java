package dev.simvisor.node.vmm.para.domain;

import java.util.Arrays;

/** A vCPU's virtual IDT: where its kernel wants to be entered for each vector (public header arch-x86/xen.h, trap_info). */
public final class TrapTable {
    private static final int VECTORS = 256;
    private static final int PRIVILEGE = 3;
    private static final int DISABLES_EVENTS = 1 << 2;

    private final int[] selectors = new int[VECTORS];
    private final int[] flags = new int[VECTORS];
    private final long[] addresses = new long[VECTORS];

    public void set(int vector, int flags, int selector, long address) {
        this.flags[vector] = flags;
        selectors[vector] = selector;
        addresses[vector] = address;
    }

    public void clear() {
        Arrays.fill(selectors, 0);
        Arrays.fill(flags, 0);
        Arrays.fill(addresses, 0);
    }

    public void copyFrom(TrapTable other) {
        System.arraycopy(other.selectors, 0, selectors, 0, VECTORS);
        System.arraycopy(other.flags, 0, flags, 0, VECTORS);
        System.arraycopy(other.addresses, 0, addresses, 0, VECTORS);
    }

    /** Zero if the kernel has no handler for the vector. */
    public long address(int vector) {
        return addresses[vector];
    }

    public int selector(int vector) {
        return selectors[vector];
    }

    /** Whether the handler is entered with event delivery masked. */
    public boolean disablesEvents(int vector) {
        return (flags[vector] & DISABLES_EVENTS) != 0;
    }

    /** The least privileged ring that may raise the vector by INT n. */
    public int privilege(int vector) {
        return flags[vector] & PRIVILEGE;
    }

    int flags(int vector) {
        return flags[vector];
    }
}
