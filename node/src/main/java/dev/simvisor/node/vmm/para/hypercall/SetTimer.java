package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Arms the single-shot timer of the vCPU for a system time; 0 disarms it. */
final class SetTimer implements Hypercall {
    @Override
    public int number() {
        return 15;
    }

    @Override
    public String hypercallName() {
        return "set_timer_op";
    }

    @Override
    public String about() {
        return "arms the single-shot timer of the vCPU for a system time; 0 disarms it";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        if (args[0] == 0) vcpu.disarmTimer();
        else vcpu.armTimer(args[0]);
        return 0;
    }
}
