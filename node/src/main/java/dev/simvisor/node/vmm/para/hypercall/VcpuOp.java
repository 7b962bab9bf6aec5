package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.List;

/** Starts and stops vCPUs, and says where their info, run states and timers are. */
final class VcpuOp implements Hypercall {
    private static final int INITIALISE = 0;
    private static final int UP = 1;
    private static final int DOWN = 2;
    private static final int IS_UP = 3;
    private static final int GET_RUN_STATE = 4;
    private static final int REGISTER_RUN_STATE_AREA = 5;
    private static final int SET_PERIODIC = 6;
    private static final int STOP_PERIODIC = 7;
    private static final int SET_SINGLE_SHOT = 8;
    private static final int STOP_SINGLE_SHOT = 9;
    private static final int REGISTER_INFO = 10;

    private static final int FUTURE = 1;
    private static final long SHORTEST_PERIOD_NANOS = 1_000_000;
    private static final long LONGEST_PERIOD_NANOS = 365L * 24 * 3600 * 1_000_000_000L;

    @Override
    public int number() {
        return 24;
    }

    @Override
    public String hypercallName() {
        return "vcpu_op";
    }

    @Override
    public String about() {
        return "starts and stops vCPUs, and says where their info, run states and timers are";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "initialise",
                "up",
                "down",
                "is_up",
                "get_runstate_info",
                "register_runstate_memory_area",
                "set_periodic_timer",
                "stop_periodic_timer",
                "set_singleshot_timer",
                "stop_singleshot_timer",
                "register_vcpu_info");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        Vcpu target = vcpu.domain().vcpu(args[1] & 0xFFFF_FFFFL);
        long arg = args[2];
        GuestAccess access = vcpu.access();
        switch ((int) args[0]) {
            case INITIALISE -> {
                if (target.isInitialised()) throw XenError.EEXIST;
                VcpuContext.load(target, access.read(arg, VcpuContext.SIZE));
            }
            case UP -> {
                if (!target.isInitialised()) throw XenError.EINVAL;
                target.up();
            }
            case DOWN -> target.down();
            case IS_UP -> {
                return target.isUp() ? 1 : 0;
            }
            case GET_RUN_STATE -> target.runState.write(vcpu, arg);
            case REGISTER_RUN_STATE_AREA -> {
                long area = access.readLong(arg);
                target.runState.write(vcpu, area);
                target.runState.publishAt(area);
            }
            case SET_PERIODIC -> {
                long period = access.readLong(arg);
                if (period < SHORTEST_PERIOD_NANOS || period > LONGEST_PERIOD_NANOS) throw XenError.EINVAL;
                target.period(period);
            }
            case STOP_PERIODIC -> target.period(0);
            case SET_SINGLE_SHOT -> {
                if (target != vcpu) throw XenError.EINVAL;
                setSingleShot(vcpu, access.readLong(arg), access.readInt(arg + 8));
            }
            case STOP_SINGLE_SHOT -> {
                if (target != vcpu) throw XenError.EINVAL;
                vcpu.disarmTimer();
            }
            case REGISTER_INFO -> {
                int gfn = vcpu.domain().memory().gfn(access.readLong(arg));
                if (gfn == DomainMemory.NONE) throw XenError.EINVAL;
                target.moveInfo(gfn, access.readInt(arg + 8));
            }
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    private static void setSingleShot(Vcpu vcpu, long deadlineNanos, int flags) {
        if ((flags & FUTURE) != 0 && deadlineNanos < vcpu.domain().clock().nanos()) throw XenError.ETIME;
        vcpu.armTimer(deadlineNanos);
    }
}
