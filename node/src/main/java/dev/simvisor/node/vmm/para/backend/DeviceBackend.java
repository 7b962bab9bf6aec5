package dev.simvisor.node.vmm.para.backend;

import static dev.simvisor.node.vmm.para.backend.XenbusState.CLOSED;
import static dev.simvisor.node.vmm.para.backend.XenbusState.CLOSING;
import static dev.simvisor.node.vmm.para.backend.XenbusState.CONNECTED;
import static dev.simvisor.node.vmm.para.backend.XenbusState.INIT_WAIT;

import dev.simvisor.node.vmm.para.event.BackendEnd;
import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantedFrame;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import dev.simvisor.node.vmm.para.xenstore.NodePermissions;
import dev.simvisor.node.vmm.para.xenstore.NodePermissions.Access;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The back end of one split device. It follows its front end's state, by the diagram of this package. */
abstract class DeviceBackend {
    private static final int NO_PORT = 0;

    private final DeviceWiring wiring;
    private final String backend;
    private final String frontend;
    private XenbusState state = INIT_WAIT;
    private final List<GrantedFrame> ringFrames = new ArrayList<>();
    private final BackendEnd end = new BackendEnd() {
        @Override
        public void run() {
            attempt(DeviceBackend.this::serve);
        }

        @Override
        public void closed() {
            port = NO_PORT;
        }
    };
    private int port = NO_PORT;

    /**
     * A device that the guest can find once {@link #announce} has been called.
     *
     * @param kind of device, as the store names it: {@code vbd}, {@code vif}
     * @param number that tells it from others of its kind
     */
    DeviceBackend(DeviceWiring wiring, String kind, int number) {
        this.wiring = wiring;
        int domain = wiring.domain();
        backend = "/local/domain/0/backend/" + kind + "/" + domain + "/" + number;
        frontend = "/local/domain/" + domain + "/device/" + kind + "/" + number;
    }

    // ---- what a kind of device has of its own

    /** What the back end says before the front end comes. */
    abstract Map<String, String> backendKeys();

    /** What the toolstack says in the front end's name. */
    abstract Map<String, String> frontendKeys();

    /** Begins to serve a front end. When it throws, {@link #release} is called. */
    abstract void connect() throws ConnectionRefusedException, GrantRefusedException, MalformedRingException;

    /** Serves no more, and forgets the rings. Called also when nothing is connected. */
    abstract void release();

    /** The front end has sent an event. */
    abstract void serve() throws MalformedRingException;

    /** How far the rings are, and what waits for them, in words. */
    abstract String rings();

    // ---- the two ends

    /** Writes both ends' nodes, as a toolstack does when it makes a domain, and waits for the front end. */
    void announce() {
        PrivilegedStore store = wiring.store();
        int domain = wiring.domain();
        store.makeDirectory(frontend, NodePermissions.ownedBy(domain).and(0, Access.READ));
        store.makeDirectory(backend, NodePermissions.ownedBy(0).and(domain, Access.READ));
        store.write(backend + "/frontend", frontend);
        store.write(backend + "/frontend-id", Integer.toString(domain));
        store.write(backend + "/online", "1");
        // In the order of the keys: the guest sees the order in which nodes were made.
        new TreeMap<>(backendKeys()).forEach((key, value) -> store.write(backend + "/" + key, value));
        store.write(backend + "/state", state.text());
        store.write(frontend + "/backend", backend);
        store.write(frontend + "/backend-id", "0");
        new TreeMap<>(frontendKeys()).forEach((key, value) -> store.write(frontend + "/" + key, value));
        store.write(frontend + "/state", XenbusState.INITIALISING.text());
        store.watch(frontend + "/state", this::frontendChanged);
    }

    private void frontendChanged() {
        switch (XenbusState.of(wiring.store().read(frontend + "/state"))) {
            case INITIALISING -> {
                if (state == CLOSED) {
                    enter(INIT_WAIT);
                }
            }
            case INITIALISED, CONNECTED -> {
                if (state == INIT_WAIT) {
                    tryToConnect();
                }
            }
            case CLOSING -> {
                if (state != CLOSED) {
                    close(CLOSING);
                }
            }
            case CLOSED, UNKNOWN -> close(CLOSED);
            case INIT_WAIT, RECONFIGURING, RECONFIGURED -> {
                // Nothing that these devices have.
            }
        }
    }

    private void tryToConnect() {
        try {
            connect();
            enter(CONNECTED);
            // Requests that came before there was anyone to hear the event.
            serve();
        } catch (ConnectionRefusedException | MalformedRingException refused) {
            fail(refused.getMessage());
        } catch (GrantRefusedException refused) {
            fail("a ring's grant cannot be used: " + refused.status());
        }
    }

    /** Something that uses a ring. */
    @FunctionalInterface
    interface RingUse {
        void run() throws MalformedRingException;
    }

    /** Uses a ring, and closes the device if it makes no sense. */
    void attempt(RingUse use) {
        try {
            use.run();
        } catch (MalformedRingException malformed) {
            fail(malformed.getMessage());
            wiring.storeChanged().run();
        }
    }

    /** The device cannot go on with this front end. */
    private void fail(@Nullable String reason) {
        String path = "/local/domain/0/error" + backend.substring("/local/domain/0".length()) + "/error";
        wiring.store().write(path, String.valueOf(reason));
        close(CLOSING);
    }

    private void close(XenbusState next) {
        disconnect();
        enter(next);
    }

    /** Lets go of the guest; for good when the domain is at its end. */
    void disconnect() {
        if (port != NO_PORT) {
            wiring.ports().disconnect(port);
            port = NO_PORT;
        }
        release();
        ringFrames.forEach(GrantedFrame::close);
        ringFrames.clear();
    }

    private void enter(XenbusState next) {
        if (state != next) {
            state = next;
            wiring.store().write(backend + "/state", next.text());
        }
    }

    void describe(StringBuilder text) {
        text.append(backend).append(' ').append(state).append(" port ").append(port);
        text.append(' ').append(rings()).append('\n');
    }

    boolean isConnected() {
        return state == CONNECTED;
    }

    // ---- for kinds of device

    void publish(String key, String value) {
        wiring.store().write(backend + "/" + key, value);
    }

    @Nullable
    String frontendKey(String key) {
        return wiring.store().read(frontend + "/" + key);
    }

    /** A number that the front end must have written. */
    int frontendNumber(String key) throws ConnectionRefusedException {
        String text = frontendKey(key);
        if (text == null || !text.matches("[0-9]{1,9}")) {
            throw new ConnectionRefusedException("the front end's " + key + " is not a number");
        }
        return Integer.parseInt(text);
    }

    /** The ring whose grant the front end names, in use until the device is released. */
    SharedPage openRing(String key) throws ConnectionRefusedException, GrantRefusedException {
        GrantedFrame frame = wiring.grants().open(frontendNumber(key), DeviceWiring.BACKEND_DOMAIN, true);
        ringFrames.add(frame);
        return frame.page();
    }

    /** Uses a frame of a request. */
    GrantedFrame openForCopy(int reference, boolean writable) throws GrantRefusedException {
        return wiring.grants().openForCopy(reference, DeviceWiring.BACKEND_DOMAIN, writable);
    }

    /** Connects to the front end's event channel. */
    void connectPort(String key) throws ConnectionRefusedException {
        int wanted = frontendNumber(key);
        if (!wiring.ports().connect(wanted, end)) {
            throw new ConnectionRefusedException("the front end's " + key + " names no port that waits for domain 0");
        }
        port = wanted;
    }

    void notifyGuest() {
        if (port != NO_PORT) {
            wiring.ports().notifyGuest(port);
        }
    }
}
