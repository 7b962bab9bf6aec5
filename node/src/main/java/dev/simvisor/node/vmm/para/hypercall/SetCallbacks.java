package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;

/** Says where the kernel is entered for events, failures of a return to it, and system calls. */
final class SetCallbacks implements Hypercall {
    @Override
    public int number() {
        return 4;
    }

    @Override
    public String hypercallName() {
        return "set_callbacks";
    }

    @Override
    public String about() {
        return "says where the kernel is entered for events, failures of a return to it, and system calls";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        for (int n = 0; n < 3; n++) {
            if (!LinearMemory.canonical(args[n])) throw XenError.EINVAL;
        }
        vcpu.event.set(args[0], true);
        vcpu.failsafe.set(args[1], false);
        vcpu.syscall.set(args[2], false);
        return 0;
    }
}
