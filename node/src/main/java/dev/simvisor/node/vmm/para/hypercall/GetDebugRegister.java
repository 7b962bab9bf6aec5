package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Reads a debug register. */
final class GetDebugRegister implements Hypercall {
    @Override
    public int number() {
        return 9;
    }

    @Override
    public String hypercallName() {
        return "get_debugreg";
    }

    @Override
    public String about() {
        return "reads a debug register";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        return vcpu.debugRegister(args[0]);
    }
}
