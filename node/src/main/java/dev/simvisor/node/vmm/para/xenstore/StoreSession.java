package dev.simvisor.node.vmm.para.xenstore;

import static dev.simvisor.node.vmm.para.xenstore.XenStore.PRIVILEGED_DOMAIN;

import dev.simvisor.node.vmm.para.xenstore.NodePermissions.Access;
import dev.simvisor.node.vmm.para.xenstore.NodeView.Change;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one client does with the store, in the name of its domain. Requests name a transaction by its number, or {@link
 * #NO_TRANSACTION}; a path that starts with no slash is below the domain's own.
 */
public final class StoreSession {
    public static final int NO_TRANSACTION = 0;

    // Quotas of an unprivileged domain: xenstored's defaults.
    static final int MOST_NODES = 1000;
    static final int MOST_NODE_BYTES = 2048;
    static final int MOST_WATCHES = 128;
    static final int MOST_TRANSACTIONS = 10;
    static final int MOST_TRANSACTION_NODES = 1024;
    static final int MOST_PERMISSIONS = 5;

    /** A watch, with the path as the tree has it and how much of an event's path its owner does not want to see. */
    private record Watch(String path, String token, int prefixLength) {}

    private final XenStore store;
    private final int domain;
    private final WatchEvent.Sink events;
    private final List<Watch> watches = new ArrayList<>();
    private final Map<Integer, Transaction> transactions = new HashMap<>();
    private int lastTransaction = NO_TRANSACTION;

    StoreSession(XenStore store, int domain, WatchEvent.Sink events) {
        this.store = store;
        this.domain = domain;
        this.events = events;
    }

    /** Ends watches and transactions; nothing may be asked any more. */
    public void close() {
        resetWatches();
        store.close(this);
    }

    boolean isPrivileged() {
        return domain == PRIVILEGED_DOMAIN;
    }

    boolean isOf(int other) {
        return domain == other;
    }

    // ---- nodes ----

    public byte[] read(int transaction, String path) throws StoreRefusedException {
        return node(view(transaction), absolute(path), Access.READ).value();
    }

    /** The value as text, for a client that wants no more than that, or {@code null} without a value it may read. */
    public @Nullable String text(String path) {
        try {
            return new String(read(NO_TRANSACTION, path), StandardCharsets.ISO_8859_1);
        } catch (StoreRefusedException _) {
            return null;
        }
    }

    public List<String> directory(int transaction, String path) throws StoreRefusedException {
        return node(view(transaction), absolute(path), Access.READ).children();
    }

    /** What changes whenever the node at {@code path} does. */
    long generation(int transaction, String path) throws StoreRefusedException {
        return view(transaction).generation(absolute(path));
    }

    /** Stores a value, and makes the node and those above it if need be. */
    public void write(int transaction, String path, byte[] value) throws StoreRefusedException {
        NodeView view = view(transaction);
        String target = absolute(path);
        StoreNode present = nodeOrNothing(view, target, Access.WRITE);
        if (present == null) {
            create(view, target, value);
        } else {
            StoreNode changed = present.withValue(value);
            checkSize(changed);
            view.put(target, changed);
        }
        view.changed(new Change(target, true, null));
    }

    public void write(int transaction, String path, String value) throws StoreRefusedException {
        write(transaction, path, value.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void makeDirectory(int transaction, String path) throws StoreRefusedException {
        NodeView view = view(transaction);
        String target = absolute(path);
        if (nodeOrNothing(view, target, Access.WRITE) == null) {
            create(view, target, new byte[0]);
            view.changed(new Change(target, true, null));
        }
    }

    /** Removes a node and all below it; to remove what is not there is no error if there is a node above. */
    public void remove(int transaction, String path) throws StoreRefusedException {
        NodeView view = view(transaction);
        String target = absolute(path);
        StoreNode present = nodeOrNothing(view, target, Access.WRITE);
        String above = StorePath.parent(target);
        StoreNode parent = view.get(above);
        if (target.equals(StorePath.ROOT)) {
            throw refused(StoreError.EINVAL);
        }
        if (present == null) {
            if (parent == null) {
                throw refused(StoreError.ENOENT);
            }
            return;
        }
        if (parent == null) {
            throw new AssertionError(target + " hangs in the air");
        }
        view.put(above, parent.withoutChild(StorePath.name(target)));
        view.changed(new Change(target, true, present.permissions()));
        removeAll(view, target, present);
    }

    private static void removeAll(NodeView view, String path, StoreNode node) {
        view.remove(path);
        for (String name : node.children()) {
            String below = StorePath.child(path, name);
            StoreNode child = view.get(below);
            if (child != null) {
                view.changed(new Change(below, false, child.permissions()));
                removeAll(view, below, child);
            }
        }
    }

    public NodePermissions permissions(int transaction, String path) throws StoreRefusedException {
        return node(view(transaction), absolute(path), Access.READ).permissions();
    }

    /** Replaces a node's permissions, which its owner may do; only the privileged domain gives a node away. */
    public void setPermissions(int transaction, String path, NodePermissions permissions) throws StoreRefusedException {
        NodeView view = view(transaction);
        String target = absolute(path);
        StoreNode present = node(view, target, Access.WRITE);
        NodePermissions before = present.permissions();
        if (!isPrivileged()) {
            if (before.owner() != domain) {
                throw refused(StoreError.EACCES);
            }
            if (permissions.owner() != domain) {
                throw refused(StoreError.EPERM);
            }
            if (permissions.entries().size() > MOST_PERMISSIONS) {
                throw refused(StoreError.ENOSPC);
            }
        }
        StoreNode changed = present.withPermissions(permissions);
        checkSize(changed);
        view.put(target, changed);
        view.changed(new Change(target, true, before));
    }

    private void create(NodeView view, String path, byte[] value) throws StoreRefusedException {
        List<String> missing = new ArrayList<>();
        String above = path;
        StoreNode parent = null;
        while (parent == null) {
            missing.add(above);
            above = StorePath.parent(above);
            parent = view.get(above);
        }
        if (!isPrivileged() && view.ownedBy(domain) + missing.size() > MOST_NODES) {
            throw refused(StoreError.ENOSPC);
        }
        NodePermissions inherited = parent.permissions();
        NodePermissions permissions = isPrivileged() ? inherited : inherited.withOwner(domain);
        StoreNode leaf = StoreNode.empty(permissions).withValue(value);
        checkSize(leaf);
        checkSize(parent.withChild(StorePath.name(missing.getLast())));
        view.put(above, parent.withChild(StorePath.name(missing.getLast())));
        for (int i = missing.size() - 1; i > 0; i--) {
            view.put(missing.get(i), StoreNode.empty(permissions).withChild(StorePath.name(missing.get(i - 1))));
        }
        view.put(path, leaf);
    }

    private void checkSize(StoreNode node) throws StoreRefusedException {
        if (!isPrivileged() && node.bytes() >= MOST_NODE_BYTES) {
            throw refused(StoreError.ENOSPC);
        }
    }

    // ---- who may see what ----

    private String absolute(String path) throws StoreRefusedException {
        String absolute = path.startsWith("/") ? path : StorePath.ofDomain(domain) + "/" + path;
        boolean tooLong = !isPrivileged() && StorePath.guestLength(absolute) > StorePath.MOST_GUEST_BYTES;
        if (tooLong || isSpecial(path) || !StorePath.isValid(absolute)) {
            throw refused(StoreError.EINVAL);
        }
        return absolute;
    }

    private StoreNode node(NodeView view, String path, Access wanted) throws StoreRefusedException {
        StoreNode node = nodeOrNothing(view, path, wanted);
        if (node == null) {
            throw refused(StoreError.ENOENT);
        }
        return node;
    }

    /** The node; {@code null} when there is none and the client may know that. */
    private @Nullable StoreNode nodeOrNothing(NodeView view, String path, Access wanted) throws StoreRefusedException {
        StoreNode node = view.get(path);
        StoreNode decides = node;
        for (String above = path; decides == null; ) {
            above = StorePath.parent(above);
            decides = view.get(above);
        }
        if (!may(decides.permissions(), wanted)) {
            throw refused(StoreError.EACCES);
        }
        return node;
    }

    private boolean may(NodePermissions permissions, Access wanted) {
        Access access = permissions.of(domain);
        return isPrivileged() || (wanted.reads() ? access.reads() : access.writes());
    }

    // ---- transactions ----

    /** Starts a transaction and returns its number. */
    public int startTransaction() throws StoreRefusedException {
        if (!isPrivileged() && transactions.size() >= MOST_TRANSACTIONS) {
            throw refused(StoreError.ENOSPC);
        }
        do {
            lastTransaction++;
        } while (lastTransaction == NO_TRANSACTION || transactions.containsKey(lastTransaction));
        transactions.put(lastTransaction, new Transaction(store));
        return lastTransaction;
    }

    /** Ends a transaction, and makes its changes if {@code commit}. */
    public void endTransaction(int number, boolean commit) throws StoreRefusedException {
        Transaction transaction = transactions.remove(number);
        if (transaction == null) {
            throw refused(StoreError.ENOENT);
        }
        if (commit) {
            if (!isPrivileged() && transaction.ownedBy(domain) > MOST_NODES) {
                throw refused(StoreError.ENOSPC);
            }
            transaction.commit();
        }
    }

    boolean hasTransaction(int number) {
        return transactions.containsKey(number);
    }

    private NodeView view(int number) throws StoreRefusedException {
        if (number == NO_TRANSACTION) {
            return store;
        }
        Transaction transaction = transactions.get(number);
        if (transaction == null) {
            throw refused(StoreError.ENOENT);
        }
        if (!isPrivileged() && transaction.nodesUsed() >= MOST_TRANSACTION_NODES) {
            throw refused(StoreError.ENOSPC);
        }
        return transaction;
    }

    // ---- watches ----

    /** Watches a path and all below it. The caller sends the first event, by {@link #fire}, after its answer. */
    void watch(String path, String token) throws StoreRefusedException {
        Watch watch = new Watch(watched(path), token, prefixLength(path));
        if (watches.contains(watch)) {
            throw refused(StoreError.EEXIST);
        }
        if (!isPrivileged() && watches.size() >= MOST_WATCHES) {
            throw refused(StoreError.E2BIG);
        }
        watches.add(watch);
    }

    /** Watches a path and all below it, with the first event at once. */
    public void watchAndFire(String path, String token) throws StoreRefusedException {
        watch(path, token);
        fire(path, token);
    }

    void fire(String path, String token) {
        events.accept(new WatchEvent(path, token));
    }

    public void unwatch(String path, String token) throws StoreRefusedException {
        if (!watches.remove(new Watch(watched(path), token, prefixLength(path)))) {
            throw refused(StoreError.ENOENT);
        }
    }

    /** Ends all watches and transactions. */
    public void resetWatches() {
        watches.clear();
        transactions.clear();
    }

    private String watched(String path) throws StoreRefusedException {
        if (!isSpecial(path)) {
            return absolute(path);
        }
        if (path.length() > StorePath.MOST_GUEST_BYTES) {
            throw refused(StoreError.EINVAL);
        }
        return path;
    }

    /** {@code @introduceDomain} and {@code @releaseDomain}, which no node is called. */
    private static boolean isSpecial(String path) {
        return path.startsWith("@");
    }

    private int prefixLength(String path) {
        boolean absolute = path.startsWith("/") || isSpecial(path);
        return absolute ? 0 : StorePath.ofDomain(domain).length() + 1;
    }

    /** Sends the events that a change of the store makes for this client. */
    void tell(Change change) {
        if (watches.isEmpty() || !mayKnow(change)) {
            return;
        }
        for (Watch watch : watches) {
            boolean concerned = change.below()
                    ? StorePath.isWithin(change.path(), watch.path())
                    : change.path().equals(watch.path());
            if (concerned) {
                fire(change.path().substring(watch.prefixLength()), watch.token());
            }
        }
    }

    private boolean mayKnow(Change change) {
        NodePermissions told = change.permissions();
        return told != null && may(told, Access.READ)
                || mayRead(change.path())
                || mayRead(StorePath.parent(change.path()));
    }

    private boolean mayRead(String path) {
        StoreNode node = store.get(path);
        return node != null && may(node.permissions(), Access.READ);
    }

    void describe(StringBuilder text) {
        text.append("domain ").append(domain).append(" watches ").append(watches);
        text.append(" after transaction ").append(lastTransaction).append('\n');
        new TreeMap<>(transactions).forEach((number, transaction) -> {
            text.append("transaction ").append(number).append('\n');
            transaction.describe(text);
        });
    }

    private static StoreRefusedException refused(StoreError error) {
        return new StoreRefusedException(error);
    }
}
