package dev.simvisor.node.vmm.para.image;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.proto.state.SuspendedVcpuState;

/**
 * The hypercall that the first vCPU of a suspended domain is in. Its third argument, which is still in the register, names the
 * machine frame of the start info, and is made to name it wherever the call returns.
 */
final class SuspensionCall {
    private SuspensionCall() {}

    static SuspendedVcpuState canonical(SuspendedVcpuState vcpu, int startInfo) {
        SuspendedVcpuState.Builder canonical = vcpu.toBuilder();
        canonical.getProcessorBuilder().setGeneralRegisters(Cpu.RDX, startInfo);
        return canonical.build();
    }

    static void localise(Domain domain) {
        domain.vcpu(0).cpu().gpr[Cpu.RDX] = domain.memory().mfn(domain.startInfo());
    }
}
