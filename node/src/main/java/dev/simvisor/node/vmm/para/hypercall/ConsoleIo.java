package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/** Writes to the console of the VMM, as the earliest output of a kernel does. */
final class ConsoleIo implements Hypercall {
    private static final int WRITE = 0;
    private static final int READ = 1;
    private static final int LONGEST = 4096;
    /** In one call, which is one instant. */
    private static final int MOST = 1 << 16;

    @Override
    public int number() {
        return 18;
    }

    @Override
    public String hypercallName() {
        return "console_io";
    }

    @Override
    public String about() {
        return "writes to the console of the VMM, as the earliest output of a kernel does";
    }

    @Override
    public List<String> operations() {
        return List.of("write", "read");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        return switch ((int) args[0]) {
            case WRITE -> {
                long length = args[1] & 0xFFFF_FFFFL;
                if (length > MOST) throw XenError.E2BIG;
                for (long done = 0; done < length; done += LONGEST) {
                    int part = (int) Math.min(LONGEST, length - done);
                    vcpu.domain().console().write(vcpu.access().read(args[2] + done, part));
                }
                yield 0;
            }
            case READ -> 0;
            default -> throw XenError.ENOSYS;
        };
    }
}
