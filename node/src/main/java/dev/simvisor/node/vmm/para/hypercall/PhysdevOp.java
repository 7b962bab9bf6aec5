package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/** The little of it that a domain without devices has: the I/O privilege level that it believes in. */
final class PhysdevOp implements Hypercall {
    private static final int SET_IOPL = 6;
    private static final int SET_IO_BITMAP = 7;
    private static final int RING_3 = 3;
    private static final int IOPL_SHIFT = 12;

    @Override
    public int number() {
        return 33;
    }

    @Override
    public String hypercallName() {
        return "physdev_op";
    }

    @Override
    public String about() {
        return "the little of it that a domain without devices has: the I/O privilege level that it believes in";
    }

    @Override
    public List<String> operations() {
        return List.of("set_iopl", "set_iobitmap");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        switch ((int) args[0]) {
            case SET_IOPL -> {
                int level = vcpu.access().readInt(args[1]);
                if (level < 0 || level > RING_3) throw XenError.EINVAL;
                vcpu.virtualIopl = level << IOPL_SHIFT;
            }
            // No port leads anywhere: which ones the bitmap lets programs at makes no difference.
            case SET_IO_BITMAP -> vcpu.access().readLong(args[1]);
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }
}
