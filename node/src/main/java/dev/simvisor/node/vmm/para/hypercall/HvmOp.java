package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;

/** For domains with hardware assistance: none of it is for paravirtual ones. */
final class HvmOp implements Hypercall {
    @Override
    public int number() {
        return 34;
    }

    @Override
    public String hypercallName() {
        return "hvm_op";
    }

    @Override
    public String about() {
        return "for domains with hardware assistance: none of it is for paravirtual ones";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        throw XenError.ENOSYS;
    }
}
