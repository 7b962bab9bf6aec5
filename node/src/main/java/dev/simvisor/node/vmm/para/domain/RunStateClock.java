package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.vmm.para.abi.XenError;

/** How long a vCPU has been in each {@link RunState}: {@code struct vcpu_runstate_info} of the public header vcpu.h. */
public final class RunStateClock {
    public static final int SIZE = 48;
    private static final RunState[] STATES = RunState.values();

    RunState state = RunState.OFFLINE;
    long enteredNanos;
    final long[] nanos = new long[STATES.length];
    /** Linear address, in the kernel's address space, of the guest's copy; 0 if it wants none. */
    long area;

    public RunState state() {
        return state;
    }

    void enter(RunState next, long now) {
        nanos[state.ordinal()] += now - enteredNanos;
        enteredNanos = now;
        state = next;
    }

    public long enteredNanos() {
        return enteredNanos;
    }

    /** In that state up to {@code now}. */
    public long nanos(RunState of, long now) {
        return nanos[of.ordinal()] + (of == state ? now - enteredNanos : 0);
    }

    /** Keeps a copy up to date in the guest's memory from now on. */
    public void publishAt(long linear) {
        area = linear;
    }

    /** Brings the guest's copy up to date; one that it has unmapped is passed over. */
    void publish(Vcpu vcpu) {
        if (area == 0 || !vcpu.hasKernelTable()) return;
        try {
            write(vcpu, area);
        } catch (XenError unmapped) {
            // As in Xen, the guest misses this update.
        }
    }

    /** Writes the record at a linear address; throws EFAULT. */
    public void write(Vcpu vcpu, long linear) {
        vcpu.access().writeLong(linear, state.ordinal());
        vcpu.access().writeLong(linear + 8, enteredNanos);
        for (int n = 0; n < STATES.length; n++) vcpu.access().writeLong(linear + 16 + 8L * n, nanos[n]);
    }
}
