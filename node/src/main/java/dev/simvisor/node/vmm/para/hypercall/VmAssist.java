package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/** Switches behaviours of the VMM on and off that a guest may wish for or not. */
final class VmAssist implements Hypercall {
    private static final int ENABLE = 0;
    private static final int DISABLE = 1;
    private static final long KNOWN = 0x3F | 1L << 32;

    @Override
    public int number() {
        return 21;
    }

    @Override
    public String hypercallName() {
        return "vm_assist";
    }

    @Override
    public String about() {
        return "switches behaviours of the VMM on and off that a guest may wish for or not";
    }

    @Override
    public List<String> operations() {
        return List.of("enable", "disable");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        int type = (int) args[1];
        if (type < 0 || type > 63 || (KNOWN & 1L << type) == 0) throw XenError.EINVAL;
        switch ((int) args[0]) {
            case ENABLE -> vcpu.domain().assist(type, true);
            case DISABLE -> vcpu.domain().assist(type, false);
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }
}
