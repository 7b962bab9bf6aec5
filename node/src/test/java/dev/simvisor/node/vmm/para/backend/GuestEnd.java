package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.event.BackendEnd;
import dev.simvisor.node.vmm.para.grant.ArrayFrames;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import dev.simvisor.node.vmm.para.xenstore.RingClient;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A guest without a processor: memory, a grant table, event channels and its end of the store. */
final class GuestEnd {
    static final int DOMAIN = 1;
    static final int STORE_PORT = 1;
    private static final long STORE_FRAME = 0x10FF;

    final ArrayFrames memory = new ArrayFrames();
    final GrantTable grants = new GrantTable(memory);
    final BackendDomain backends;
    final RingClient store;
    private final Map<Integer, BackendEnd> connected = new HashMap<>();
    private final Set<Integer> unbound = new HashSet<>();
    private final Map<Integer, Integer> events = new HashMap<>();

    private int nextReference = 8;
    private long nextFrame = ArrayFrames.FIRST;

    GuestEnd() {
        SharedPage storePage = memory.page(STORE_FRAME);
        GuestPorts ports = new GuestPorts() {
            @Override
            public boolean connect(int port, BackendEnd end) {
                if (!unbound.remove(port)) {
                    return false;
                }
                connected.put(port, end);
                return true;
            }

            @Override
            public void disconnect(int port) {
                connected.remove(port);
                unbound.add(port);
            }

            @Override
            public void notifyGuest(int port) {
                events.merge(port, 1, Integer::sum);
            }
        };
        backends = new BackendDomain(
                new DomainDescription(DOMAIN, "guest", 65536, 2, 0x1000, STORE_PORT, 0x1001, 2),
                grants,
                ports,
                storePage);
        store = new RingClient(storePage, backends::storeEvent);
    }

    void allocateUnbound(int port) {
        unbound.add(port);
    }

    /** The guest closes a port that a back end is connected to. */
    void close(int port) {
        BackendEnd end = connected.remove(port);
        if (end != null) {
            end.closed();
        }
    }

    boolean isConnected(int port) {
        return connected.containsKey(port);
    }

    void sendEvent(int port) {
        Runnable backend = connected.get(port);
        if (backend == null) {
            throw new AssertionError("nobody is at port " + port);
        }
        backend.run();
    }

    /** How many events came over a port since it was asked last. */
    int takeEvents(int port) {
        Integer count = events.remove(port);
        return count == null ? 0 : count;
    }

    /** A frame of memory that domain 0 may use. */
    record Shared(int reference, long mfn, SharedPage page) {}

    Shared share() {
        int reference = nextReference++;
        long mfn = nextFrame++;
        grants.permit(reference, 0, mfn);
        return new Shared(reference, mfn, memory.page(mfn));
    }

    String read(String path) throws MalformedRingException {
        return store.read(path);
    }

    /** The store's ring, as a frame that domain 0 may use. */
    Shared shareStore() {
        int reference = nextReference++;
        grants.permit(reference, 0, STORE_FRAME);
        return new Shared(reference, STORE_FRAME, memory.page(STORE_FRAME));
    }

    void write(String path, Object value) throws MalformedRingException {
        store.write(path, value.toString());
    }
}
