package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;

/** Says where the kernel is entered for exceptions and software interrupts: a list that ends with an address of 0. */
final class SetTrapTable implements Hypercall {
    private static final int ENTRY = 16;

    @Override
    public int number() {
        return 0;
    }

    @Override
    public String hypercallName() {
        return "set_trap_table";
    }

    @Override
    public String about() {
        return "says where the kernel is entered for exceptions and software interrupts: a list that ends with an address of 0";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        long entry = args[0];
        if (entry == 0) {
            vcpu.traps.clear();
            return 0;
        }
        GuestAccess access = vcpu.access();
        while (true) {
            long address = access.readLong(entry + 8);
            if (address == 0) return 0;
            if (!LinearMemory.canonical(address)) throw XenError.EINVAL;
            vcpu.traps.set(
                    access.readByte(entry), access.readByte(entry + 1), access.readShort(entry + 2) | 3, address);
            entry += ENTRY;
            if (vcpu.preemption.isDue()) {
                args[0] = entry;
                throw Preempted.REST;
            }
        }
    }
}
