package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;

/** As update_va_mapping, for a frame of another domain, which nobody but the domain itself may name. */
final class UpdateVaMappingOtherDomain implements Hypercall {
    private final UpdateVaMapping update = new UpdateVaMapping();

    @Override
    public int number() {
        return 22;
    }

    @Override
    public String hypercallName() {
        return "update_va_mapping_otherdomain";
    }

    @Override
    public String about() {
        return "as update_va_mapping, for a frame of another domain, which nobody but the domain itself may name";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        Domain.checkSelf((int) args[3] & 0xFFFF);
        return update.call(vcpu, args);
    }
}
