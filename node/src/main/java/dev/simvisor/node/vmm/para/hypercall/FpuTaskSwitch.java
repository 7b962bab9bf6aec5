package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Sets or clears CR0.TS, so that the next use of the floating-point unit traps, or does not. */
final class FpuTaskSwitch implements Hypercall {
    @Override
    public int number() {
        return 5;
    }

    @Override
    public String hypercallName() {
        return "fpu_taskswitch";
    }

    @Override
    public String about() {
        return "sets or clears CR0.TS, so that the next use of the floating-point unit traps, or does not";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        vcpu.taskSwitched(args[0] != 0);
        return 0;
    }
}
