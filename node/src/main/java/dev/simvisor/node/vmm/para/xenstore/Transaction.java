package dev.simvisor.node.vmm.para.xenstore;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A view of the store that keeps its changes to itself until it is committed, and then fails if it met others. */
final class Transaction implements NodeView {
    private final XenStore store;
    private final Map<String, Long> generationsSeen = new HashMap<>();
    private final Map<String, Optional<StoreNode>> changes = new LinkedHashMap<>();
    private final SequencedSet<Change> toTell = new LinkedHashSet<>();

    Transaction(XenStore store) {
        this.store = store;
    }

    /** How many nodes it has looked at or changed, or in how many ways it has changed them: what it keeps in memory. */
    int nodesUsed() {
        return Math.max(generationsSeen.size(), toTell.size());
    }

    @Override
    public @Nullable StoreNode get(String path) {
        generationsSeen.putIfAbsent(path, store.generation(path));
        Optional<StoreNode> changed = changes.get(path);
        return changed == null ? store.get(path) : changed.orElse(null);
    }

    @Override
    public long generation(String path) {
        return store.generation(path);
    }

    @Override
    public void put(String path, StoreNode node) {
        generationsSeen.putIfAbsent(path, store.generation(path));
        changes.put(path, Optional.of(node));
    }

    @Override
    public void remove(String path) {
        generationsSeen.putIfAbsent(path, store.generation(path));
        changes.put(path, Optional.empty());
    }

    @Override
    public int ownedBy(int domain) {
        int owned = store.ownedBy(domain);
        for (Map.Entry<String, Optional<StoreNode>> change : changes.entrySet()) {
            owned += count(change.getValue().orElse(null), domain) - count(store.get(change.getKey()), domain);
        }
        return owned;
    }

    private static int count(@Nullable StoreNode node, int domain) {
        return node != null && node.permissions().owner() == domain ? 1 : 0;
    }

    @Override
    public void changed(Change change) {
        toTell.add(change);
    }

    /** Makes the changes and tells watches, unless something that it used has changed meanwhile. */
    void commit() throws StoreRefusedException {
        for (Map.Entry<String, Long> seen : generationsSeen.entrySet()) {
            if (store.generation(seen.getKey()) != seen.getValue()) {
                throw new StoreRefusedException(StoreError.EAGAIN);
            }
        }
        changes.forEach(
                (path, node) -> node.ifPresentOrElse(changed -> store.put(path, changed), () -> store.remove(path)));
        toTell.forEach(store::changed);
    }

    void describe(StringBuilder text) {
        text.append("seen ")
                .append(new TreeMap<>(generationsSeen))
                .append(" to tell ")
                .append(toTell)
                .append('\n');
        // In their order, in which the store is to be changed.
        changes.forEach((path, node) -> {
            text.append(path).append(' ');
            node.ifPresentOrElse(changed -> changed.describe(text), () -> text.append("removed\n"));
        });
    }
}
