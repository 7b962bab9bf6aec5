package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Callback;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.List;

/** Says where the kernel is entered, one callback at a time. */
final class CallbackOp implements Hypercall {
    private static final int REGISTER = 0;
    private static final int UNREGISTER = 1;
    private static final int EVENT = 0;
    private static final int FAILSAFE = 1;
    private static final int SYSCALL = 2;
    private static final int SYSENTER_OLD = 3;
    private static final int NMI = 4;
    private static final int SYSENTER = 5;
    private static final int SYSCALL_32 = 7;
    private static final int MASK_EVENTS = 1;

    @Override
    public int number() {
        return 30;
    }

    @Override
    public String hypercallName() {
        return "callback_op";
    }

    @Override
    public String about() {
        return "says where the kernel is entered, one callback at a time";
    }

    @Override
    public List<String> operations() {
        return List.of("register", "unregister");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        GuestAccess access = vcpu.access();
        int type = access.readShort(args[1]);
        switch ((int) args[0]) {
            case REGISTER -> {
                long address = access.readLong(args[1] + 8);
                if (!LinearMemory.canonical(address)) throw XenError.EINVAL;
                callback(vcpu, type).set(address, (access.readShort(args[1] + 2) & MASK_EVENTS) != 0);
            }
            case UNREGISTER -> {
                if (type != NMI) throw XenError.EINVAL;
                vcpu.nmi.set(0, false);
            }
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    private static Callback callback(Vcpu vcpu, int type) {
        return switch (type) {
            case EVENT -> vcpu.event;
            case FAILSAFE -> vcpu.failsafe;
            case SYSCALL -> vcpu.syscall;
            case NMI -> vcpu.nmi;
            case SYSENTER, SYSENTER_OLD -> vcpu.sysenter;
            case SYSCALL_32 -> vcpu.syscall32;
            default -> throw XenError.ENOSYS;
        };
    }
}
