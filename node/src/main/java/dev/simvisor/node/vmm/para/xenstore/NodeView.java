package dev.simvisor.node.vmm.para.xenstore;

import org.jspecify.annotations.Nullable;

/** The tree as a request sees it: the store itself, or a transaction's view of it. */
sealed interface NodeView permits XenStore, Transaction {
    @Nullable
    StoreNode get(String path);

    /** What changes whenever the node does. */
    long generation(String path);

    void put(String path, StoreNode node);

    void remove(String path);

    /** How many nodes a domain owns. */
    int ownedBy(int domain);

    /** Tells watches, at once or when the transaction is committed. */
    void changed(Change change);

    /**
     * A change that watches are told of.
     *
     * @param below whether watches above the node are told too, and not just those of the node itself
     * @param permissions the node's, by which it is decided who is told, if there is a node no more or they have changed
     */
    record Change(String path, boolean below, @Nullable NodePermissions permissions) {}
}
