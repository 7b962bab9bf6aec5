package dev.simvisor.node.vmm.para.xenstore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tree, and who watches it. Clients use it through a {@link StoreSession}. */
public final class XenStore implements NodeView {
    /** The domain that may do everything; the VMM's own parts act in its name. */
    public static final int PRIVILEGED_DOMAIN = 0;

    /** The generation of what is not there. */
    static final long NO_GENERATION = 0;

    private record Versioned(StoreNode node, long generation) {}

    private final Map<String, Versioned> nodes = new HashMap<>();
    private final Map<Integer, Integer> nodesByOwner = new HashMap<>();
    private final List<StoreSession> sessions = new ArrayList<>();
    private long lastGeneration = NO_GENERATION;

    public XenStore() {
        put(StorePath.ROOT, StoreNode.empty(NodePermissions.ownedBy(PRIVILEGED_DOMAIN)));
    }

    /** A client that acts for {@code domain}; {@code events} takes what its watches see. */
    public StoreSession open(int domain, WatchEvent.Sink events) {
        StoreSession session = new StoreSession(this, domain, events);
        sessions.add(session);
        return session;
    }

    void close(StoreSession session) {
        sessions.remove(session);
    }

    @Override
    public @Nullable StoreNode get(String path) {
        Versioned found = nodes.get(path);
        return found == null ? null : found.node();
    }

    @Override
    public long generation(String path) {
        Versioned found = nodes.get(path);
        return found == null ? NO_GENERATION : found.generation();
    }

    @Override
    public void put(String path, StoreNode node) {
        Versioned before = nodes.put(path, new Versioned(node, ++lastGeneration));
        if (before != null) {
            count(before.node(), -1);
        }
        count(node, 1);
    }

    @Override
    public void remove(String path) {
        Versioned before = nodes.remove(path);
        if (before != null) {
            count(before.node(), -1);
        }
    }

    /** Says all that is in it, and what its clients watch and have begun, in words. */
    public void describe(StringBuilder text) {
        text.append("generation ").append(lastGeneration).append('\n');
        new TreeMap<>(nodes).forEach((path, found) -> {
            text.append(path).append(' ').append(found.generation()).append(' ');
            found.node().describe(text);
        });
        sessions.forEach(session -> session.describe(text));
    }

    private void count(StoreNode node, int change) {
        nodesByOwner.merge(node.permissions().owner(), change, Integer::sum);
    }

    @Override
    public int ownedBy(int domain) {
        return nodesByOwner.getOrDefault(domain, 0);
    }

    @Override
    public void changed(Change change) {
        for (StoreSession session : List.copyOf(sessions)) {
            session.tell(change);
        }
    }
}
