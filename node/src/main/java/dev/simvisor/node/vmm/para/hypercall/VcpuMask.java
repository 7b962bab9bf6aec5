package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;

/** Sets of vCPUs whose translations are to be flushed: bit n for vCPU n. */
final class VcpuMask {
    private VcpuMask() {}

    /** Reads a bitmap from the guest's memory, of as many bytes as the domain's vCPUs take. */
    static long read(Vcpu caller, long linear) {
        long mask = 0;
        for (int n = 0; n < caller.domain().vcpus(); n += 8) {
            mask |= (long) caller.access().readByte(linear + n / 8) << n;
        }
        return mask;
    }

    static void flush(Domain domain, long mask) {
        for (Vcpu vcpu : domain.vcpuList()) {
            if ((mask & 1L << vcpu.id()) != 0) vcpu.flushTlb();
        }
    }

    static void flushPage(Domain domain, long mask, long linear) {
        if (!HypervisorSpace.isGuests(linear)) return;
        for (Vcpu vcpu : domain.vcpuList()) {
            if ((mask & 1L << vcpu.id()) != 0) vcpu.cpu().memory.invalidatePage(linear);
        }
    }
}
