package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Says which stack the kernel is entered on from user mode. */
final class StackSwitch implements Hypercall {
    @Override
    public int number() {
        return 3;
    }

    @Override
    public String hypercallName() {
        return "stack_switch";
    }

    @Override
    public String about() {
        return "says which stack the kernel is entered on from user mode";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        vcpu.kernelStackSelector = (int) args[0] & 0xFFFF | 3;
        vcpu.kernelStack = args[1];
        return 0;
    }
}
