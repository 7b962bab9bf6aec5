package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.event.Channel;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.List;

/** Allocates, connects, raises and closes event channels. */
final class EventChannelOp implements Hypercall {
    private static final int PAGE = 4096;

    private static final int BIND_INTERDOMAIN = 0;
    private static final int BIND_VIRQ = 1;
    private static final int BIND_PIRQ = 2;
    private static final int CLOSE = 3;
    private static final int SEND = 4;
    private static final int STATUS = 5;
    private static final int ALLOCATE_UNBOUND = 6;
    private static final int BIND_IPI = 7;
    private static final int BIND_VCPU = 8;
    private static final int UNMASK = 9;
    private static final int RESET = 10;
    private static final int INIT_CONTROL = 11;
    private static final int EXPAND_ARRAY = 12;
    private static final int SET_PRIORITY = 13;

    @Override
    public int number() {
        return 32;
    }

    @Override
    public String hypercallName() {
        return "event_channel_op";
    }

    @Override
    public String about() {
        return "allocates, connects, raises and closes event channels";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "bind_interdomain",
                "bind_virq",
                "close",
                "send",
                "status",
                "alloc_unbound",
                "bind_ipi",
                "bind_vcpu",
                "unmask",
                "reset",
                "init_control",
                "expand_array",
                "set_priority");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        GuestAccess access = vcpu.access();
        EventChannels events = vcpu.domain().events();
        long arg = args[1];
        switch ((int) args[0]) {
            case SEND -> events.send(access.readInt(arg));
            case UNMASK -> events.unmask(access.readInt(arg));
            case CLOSE -> events.close(access.readInt(arg));
            case BIND_VCPU -> events.bindVcpu(access.readInt(arg), access.readInt(arg + 4));
            case ALLOCATE_UNBOUND -> {
                Domain.checkSelf(access.readShort(arg));
                int remote = access.readShort(arg + 2);
                access.writeInt(arg + 4, events.allocateUnbound(remote == Domain.SELF ? Domain.ID : remote));
            }
            case BIND_INTERDOMAIN -> {
                int remote = access.readShort(arg);
                int port = events.bindInterdomain(remote == Domain.SELF ? Domain.ID : remote, access.readInt(arg + 4));
                access.writeInt(arg + 8, port);
            }
            case BIND_VIRQ ->
                access.writeInt(arg + 8, events.bindVirtualInterrupt(access.readInt(arg), access.readInt(arg + 4)));
            case BIND_IPI -> access.writeInt(arg + 4, events.bindInterProcessor(access.readInt(arg)));
            case BIND_PIRQ -> throw XenError.EPERM;
            case STATUS -> status(events, access, arg);
            case RESET -> {
                Domain.checkSelf(access.readShort(arg));
                events.closeAll();
            }
            case INIT_CONTROL -> initControl(vcpu, events, arg);
            case EXPAND_ARRAY -> expandArray(vcpu, events, arg);
            case SET_PRIORITY -> events.priority(access.readInt(arg), access.readInt(arg + 4));
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    private static void initControl(Vcpu vcpu, EventChannels events, long arg) {
        Domain domain = vcpu.domain();
        int offset = vcpu.access().readInt(arg + 8);
        int target = vcpu.access().readInt(arg + 12);
        domain.vcpu(target & 0xFFFF_FFFFL);
        boolean fits = offset >= 0 && offset <= PAGE - EventChannels.controlBlockSize() && (offset & 7) == 0;
        if (!fits) throw XenError.EINVAL;
        int gfn = heldPage(domain, vcpu.access().readLong(arg));
        try {
            events.controlBlock(target, domain.memory().memory(), (long) gfn * PAGE + offset);
        } catch (XenError refused) {
            domain.frames().dropAs(gfn);
            throw refused;
        }
        vcpu.access().writeByte(arg + 16, EventChannels.linkBits());
    }

    private static void expandArray(Vcpu vcpu, EventChannels events, long arg) {
        Domain domain = vcpu.domain();
        int gfn = heldPage(domain, vcpu.access().readLong(arg));
        try {
            events.eventArrayPage((long) gfn * PAGE);
        } catch (XenError refused) {
            domain.frames().dropAs(gfn);
            throw refused;
        }
    }

    /** A page of the guest's that the VMM writes to from now on. */
    private static int heldPage(Domain domain, long mfn) {
        int gfn = domain.memory().gfn(mfn);
        if (gfn == DomainMemory.NONE) throw XenError.EINVAL;
        domain.frames().takeAs(gfn, FrameType.WRITABLE);
        return gfn;
    }

    private static void status(EventChannels events, GuestAccess access, long arg) {
        Domain.checkSelf(access.readShort(arg));
        int port = access.readInt(arg + 4);
        Channel channel = events.channel(port);
        int status = 0;
        int remoteDomain = 0;
        int detail = 0;
        switch (channel) {
            case null -> {}
            case Channel.Unbound(int remote) -> {
                status = 1;
                remoteDomain = remote;
            }
            case Channel.Loopback(int remotePort) -> {
                status = 2;
                remoteDomain = Domain.ID;
                detail = remotePort;
            }
            case Channel.Backend(int remote, Runnable _) -> {
                status = 2;
                remoteDomain = remote;
                detail = port;
            }
            case Channel.VirtualInterrupt(int number) -> {
                status = 4;
                remoteDomain = number;
            }
            case Channel.InterProcessor _ -> status = 5;
        }
        access.writeInt(arg + 8, status);
        access.writeInt(arg + 12, channel == null ? 0 : events.vcpuOf(port));
        access.writeInt(arg + 16, remoteDomain);
        access.writeInt(arg + 20, detail);
    }
}
