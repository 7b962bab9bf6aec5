package dev.simvisor.node.vmm.para.backend;

import static dev.simvisor.node.vmm.para.xenstore.StoreSession.NO_TRANSACTION;

import dev.simvisor.node.vmm.para.xenstore.NodePermissions;
import dev.simvisor.node.vmm.para.xenstore.StoreRefusedException;
import dev.simvisor.node.vmm.para.xenstore.StoreSession;
import dev.simvisor.node.vmm.para.xenstore.WatchEvent;
import dev.simvisor.node.vmm.para.xenstore.XenStore;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The store as domain 0 uses it, which is refused nothing. What its watches see waits until {@link #dispatch}, because they
 * see it in the middle of a request.
 */
final class PrivilegedStore {
    private final StoreSession session;
    private final ArrayDeque<WatchEvent> events = new ArrayDeque<>();
    private final Map<String, Runnable> watchers = new HashMap<>();

    PrivilegedStore(XenStore store) {
        session = store.open(XenStore.PRIVILEGED_DOMAIN, events::add);
    }

    @Nullable
    String read(String path) {
        return session.text(path);
    }

    void write(String path, String value) {
        try {
            session.write(NO_TRANSACTION, path, value);
        } catch (StoreRefusedException refused) {
            throw new IllegalArgumentException(path + ": " + refused.error(), refused);
        }
    }

    /** Makes a node, if there is none, and sets its permissions, which what is made below inherits. */
    void makeDirectory(String path, NodePermissions permissions) {
        try {
            session.makeDirectory(NO_TRANSACTION, path);
            session.setPermissions(NO_TRANSACTION, path, permissions);
        } catch (StoreRefusedException refused) {
            throw new IllegalArgumentException(path + ": " + refused.error(), refused);
        }
    }

    /** Has {@code watcher} run by {@link #dispatch} whenever something at or below {@code path} may have changed. */
    void watch(String path, Runnable watcher) {
        watchers.put(path, watcher);
        try {
            session.watchAndFire(path, path);
        } catch (StoreRefusedException refused) {
            throw new IllegalArgumentException(path + ": " + refused.error(), refused);
        }
    }

    /** Runs the watchers of what has changed; false when nothing had. */
    boolean dispatch() {
        boolean any = !events.isEmpty();
        for (WatchEvent event = events.poll(); event != null; event = events.poll()) {
            Runnable watcher = watchers.get(event.token());
            if (watcher != null) {
                watcher.run();
            }
        }
        return any;
    }

    void describe(StringBuilder text) {
        text.append("to dispatch ").append(events).append('\n');
    }
}
