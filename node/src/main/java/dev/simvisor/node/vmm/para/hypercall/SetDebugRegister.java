package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Writes a debug register. */
final class SetDebugRegister implements Hypercall {
    @Override
    public int number() {
        return 8;
    }

    @Override
    public String hypercallName() {
        return "set_debugreg";
    }

    @Override
    public String about() {
        return "writes a debug register";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        vcpu.debugRegister(args[0], args[1]);
        return 0;
    }
}
