package dev.simvisor.node.vmm.para.domain;

/** Where the VMM enters a guest's kernel for something other than a trap (public header callback.h, CALLBACKTYPE). */
public final class Callback {
    private long address;
    private boolean disablesEvents;

    public void set(long address, boolean disablesEvents) {
        this.address = address;
        this.disablesEvents = disablesEvents;
    }

    public void copyFrom(Callback other) {
        set(other.address, other.disablesEvents);
    }

    public boolean isRegistered() {
        return address != 0;
    }

    public long address() {
        return address;
    }

    /** Whether the callback is entered with event delivery masked. */
    public boolean disablesEvents() {
        return disablesEvents;
    }
}
