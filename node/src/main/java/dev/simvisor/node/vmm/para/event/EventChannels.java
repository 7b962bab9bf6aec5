package dev.simvisor.node.vmm.para.event;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.para.abi.SharedInfo;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.proto.state.EventChannelsState;
import dev.simvisor.proto.state.EventPortState;
import dev.simvisor.proto.state.EventPortState.Kind;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The event channels of one domain: ports by which it is notified, and notifies.
 *
 * <p>Backends in the VMM act for domain 0. Either the VMM makes the channel ({@link #allocateForBackend}, as for the rings
 * that the start info names) or the guest allocates an unbound port for domain 0, tells its number through xenstore, and the
 * backend connects to it ({@link #connectBackend}). From then on {@link #notifyGuest} raises the port, and the guest's sends
 * run the backend's action at once, in the midst of the guest's hypercall.
 */
public final class EventChannels {
    /** The domain that the VMM's backends stand for. */
    public static final int BACKEND_DOMAIN = 0;

    /** A virtual interrupt of each vCPU: its timer. */
    public static final int VIRQ_TIMER = 0;

    private static final int VIRQS = 24;
    /** The virtual interrupts that are each vCPU's own: TIMER, DEBUG and XENOPROF, XENPMU. */
    private static final int PER_VCPU_VIRQS = 1 | 1 << 1 | 1 << 7 | 1 << 13;

    /** A port in use. */
    private record Port(Channel channel, int vcpu) {}

    private final EventSink vcpus;
    private final int self;
    private EventBits bits;
    private final Map<Integer, Port> ports = new TreeMap<>();
    private int firstMaybeFree = 1;

    /** @param self the domain's number */
    public EventChannels(SharedInfo shared, EventSink vcpus, int self) {
        this.vcpus = vcpus;
        this.self = self;
        this.bits = new TwoLevelEvents(shared, vcpus);
    }

    // ---- for backends

    /** Makes a channel from the guest to a backend; returns the guest's port. */
    public int allocateForBackend(Runnable onNotify) {
        return allocate(new Channel.Backend(BACKEND_DOMAIN, onNotify), 0);
    }

    /** Connects a backend to a port that the guest allocated for domain 0; false if there is no such port. */
    public boolean connectBackend(int port, BackendEnd end) {
        Port present = ports.get(port);
        if (present == null || !(present.channel() instanceof Channel.Unbound(int remote))) return false;
        if (remote != BACKEND_DOMAIN) return false;
        ports.put(port, new Port(new Channel.Backend(BACKEND_DOMAIN, end), present.vcpu()));
        // Whatever was sent before there was anyone to hear it is made up for (Xen raises both ends when it binds
        // them).
        bits.raise(port, present.vcpu());
        return true;
    }

    /** Takes a backend off a port, which is unbound again. Does nothing if the guest has closed it meanwhile. */
    public void disconnectBackend(int port) {
        Port present = ports.get(port);
        if (present != null && present.channel() instanceof Channel.Backend) {
            ports.put(port, new Port(new Channel.Unbound(BACKEND_DOMAIN), present.vcpu()));
        }
    }

    /** Raises a port that a backend is connected to. Does nothing if the guest has closed it. */
    public void notifyGuest(int port) {
        Port present = ports.get(port);
        if (present != null && present.channel() instanceof Channel.Backend) bits.raise(port, present.vcpu());
    }

    // ---- for the VMM

    /** Raises a vCPU's virtual interrupt, if the guest has a port for it. */
    public void raiseVirtualInterrupt(int number, int vcpu) {
        ports.forEach((port, use) -> {
            if (use.channel() instanceof Channel.VirtualInterrupt(int bound) && bound == number) {
                if (!isPerVcpu(number) || use.vcpu() == vcpu) bits.raise(port, use.vcpu());
            }
        });
    }

    private static boolean isPerVcpu(int virq) {
        return (PER_VCPU_VIRQS & 1 << virq) != 0;
    }

    // ---- the other way of telling the guest

    /**
     * Gives a vCPU a control block of the FIFO kind, which is used from the first one on.
     *
     * @param address in the domain's memory, in a page that is kept for it
     */
    public void controlBlock(int vcpu, GuestMemory memory, long address) {
        checkVcpu(vcpu);
        if (bits instanceof FifoEvents fifo) {
            if (fifo.hasControlBlock(vcpu)) throw XenError.EINVAL;
            fifo.controlBlock(vcpu, address);
            return;
        }
        FifoEvents fifo = new FifoEvents(memory, vcpus);
        for (int port : ports.keySet()) {
            if (bits.isPending(port)) fifo.pendingEarly(port);
        }
        fifo.controlBlock(vcpu, address);
        bits = fifo;
    }

    /** Size of a control block in bytes. */
    public static int controlBlockSize() {
        return FifoEvents.CONTROL_BLOCK_SIZE;
    }

    /** Bits of a port number in the FIFO kind. */
    public static int linkBits() {
        return FifoEvents.LINK_BITS;
    }

    /** Gives the next 1024 ports of the FIFO kind their words; throws ENOSPC when all have some, ENOSYS with the other kind. */
    public void eventArrayPage(long address) {
        FifoEvents fifo = fifo();
        if (fifo.isFull()) throw XenError.ENOSPC;
        fifo.addPage(address).stream().forEach(port -> {
            Port present = ports.get(port);
            if (present != null) fifo.raise(port, present.vcpu());
        });
    }

    public void priority(int port, int priority) {
        FifoEvents fifo = fifo();
        if (priority < 0 || priority >= FifoEvents.PRIORITIES) throw XenError.EINVAL;
        port(port);
        fifo.priority(port, priority);
    }

    private FifoEvents fifo() {
        if (bits instanceof FifoEvents fifo) return fifo;
        throw XenError.ENOSYS;
    }

    // ---- for the guest's hypercalls

    public int allocateUnbound(int remoteDomain) {
        return allocate(new Channel.Unbound(remoteDomain), 0);
    }

    /** Connects a new port to one of {@code remoteDomain}'s; only the domain's own and those of backends can be reached. */
    public int bindInterdomain(int remoteDomain, int remotePort) {
        if (remoteDomain != self) throw XenError.ESRCH;
        Port remote = port(remotePort);
        boolean open = remote.channel() instanceof Channel.Unbound(int expected) && expected == self;
        if (!open) throw XenError.EINVAL;
        int port = allocate(new Channel.Loopback(remotePort), 0);
        ports.put(remotePort, new Port(new Channel.Loopback(port), remote.vcpu()));
        bits.raise(port, 0);
        return port;
    }

    public int bindVirtualInterrupt(int number, int vcpu) {
        if (number < 0 || number >= VIRQS) throw XenError.EINVAL;
        if (!isPerVcpu(number) && vcpu != 0) throw XenError.EINVAL;
        checkVcpu(vcpu);
        Channel wanted = new Channel.VirtualInterrupt(number);
        for (Port use : ports.values()) {
            if (use.channel().equals(wanted) && (!isPerVcpu(number) || use.vcpu() == vcpu)) throw XenError.EEXIST;
        }
        return allocate(wanted, vcpu);
    }

    public int bindInterProcessor(int vcpu) {
        checkVcpu(vcpu);
        return allocate(new Channel.InterProcessor(), vcpu);
    }

    /** Has another vCPU hear of a port's events. */
    public void bindVcpu(int port, int vcpu) {
        checkVcpu(vcpu);
        Port present = port(port);
        boolean movable = switch (present.channel()) {
            case Channel.Unbound _, Channel.Loopback _, Channel.Backend _ -> true;
            case Channel.VirtualInterrupt(int number) -> !isPerVcpu(number);
            case Channel.InterProcessor _ -> false;
        };
        if (!movable) throw XenError.EINVAL;
        ports.put(port, new Port(present.channel(), vcpu));
    }

    public void send(int port) {
        Port present = port(port);
        switch (present.channel()) {
            case Channel.Backend(int _, Runnable onNotify) -> onNotify.run();
            case Channel.Loopback(int remote) -> bits.raise(remote, port(remote).vcpu());
            case Channel.InterProcessor _ -> bits.raise(port, present.vcpu());
            case Channel.Unbound _ -> {}
            case Channel.VirtualInterrupt _ -> throw XenError.EINVAL;
        }
    }

    public void unmask(int port) {
        bits.unmask(port, port(port).vcpu());
    }

    public void close(int port) {
        Port present = port(port);
        if (present.channel() instanceof Channel.Loopback(int remote)) {
            Port other = port(remote);
            ports.put(remote, new Port(new Channel.Unbound(self), other.vcpu()));
        }
        ports.remove(port);
        bits.clear(port);
        firstMaybeFree = Math.min(firstMaybeFree, port);
        if (present.channel() instanceof Channel.Backend(int _, BackendEnd end)) end.closed();
    }

    /** Closes all ports but those that the VMM made. */
    public void closeAll() {
        for (int port : ports.keySet().stream().mapToInt(Integer::intValue).toArray()) close(port);
    }

    /** What a port is connected to, null if it is closed. Throws EINVAL if there is no such port. */
    public @Nullable Channel channel(int port) {
        if (port < 0 || port >= bits.ports()) throw XenError.EINVAL;
        Port present = ports.get(port);
        return present == null ? null : present.channel();
    }

    public int vcpuOf(int port) {
        return port(port).vcpu();
    }

    public boolean isPending(int port) {
        return bits.isPending(port);
    }

    /** Ports are below this number. */
    public int portLimit() {
        return bits.ports();
    }

    // ---- state

    public EventChannelsState save() {
        EventChannelsState.Builder state = EventChannelsState.newBuilder();
        ports.forEach((number, port) -> state.addPorts(save(number, port)));
        if (bits instanceof FifoEvents fifo) state.setFifo(fifo.save());
        return state.build();
    }

    private static EventPortState save(int number, Port port) {
        EventPortState.Builder state =
                EventPortState.newBuilder().setPort(number).setVcpu(port.vcpu());
        return switch (port.channel()) {
            case Channel.Unbound(int remote) ->
                state.setKind(Kind.UNBOUND).setDetail(remote).build();
            case Channel.Loopback(int remote) ->
                state.setKind(Kind.LOOPBACK).setDetail(remote).build();
            case Channel.Backend(int remote, Runnable _) ->
                state.setKind(Kind.BACKEND).setDetail(remote).build();
            case Channel.VirtualInterrupt(int virq) ->
                state.setKind(Kind.VIRTUAL_INTERRUPT).setDetail(virq).build();
            case Channel.InterProcessor _ -> state.setKind(Kind.INTER_PROCESSOR).build();
        };
    }

    private void checkVcpu(int vcpu) {
        if (vcpu < 0 || vcpu >= vcpus.vcpus()) throw XenError.ENOENT;
    }

    private Port port(int number) {
        Port present = ports.get(number);
        if (present == null) throw XenError.EINVAL;
        return present;
    }

    private int allocate(Channel channel, int vcpu) {
        int port = firstMaybeFree;
        while (ports.containsKey(port)) port++;
        if (port >= bits.ports()) throw XenError.ENOSPC;
        firstMaybeFree = port + 1;
        ports.put(port, new Port(channel, vcpu));
        return port;
    }
}
