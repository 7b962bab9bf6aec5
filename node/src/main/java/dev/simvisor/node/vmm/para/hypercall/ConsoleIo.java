package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.List;

/** Writes to the console of the VMM, as the earliest output of a kernel does. */
final class ConsoleIo implements Hypercall {
    private static final int WRITE = 0;
    private static final int READ = 1;
    /** Bytes that are read and written at once. */
    private static final int PART = 128;

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
                write(vcpu, args);
                yield 0;
            }
            case READ -> 0;
            default -> throw XenError.ENOSYS;
        };
    }

    private static void write(Vcpu vcpu, long[] args) {
        long length = args[1] & 0xFFFF_FFFFL;
        for (long done = 0; done < length; done += PART) {
            if (done > 0 && vcpu.preemption.isDue()) {
                args[1] = length - done;
                args[2] += done;
                throw Preempted.REST;
            }
            int part = (int) Math.min(PART, length - done);
            vcpu.domain().console().write(vcpu.access().read(args[2] + done, part));
        }
    }
}
