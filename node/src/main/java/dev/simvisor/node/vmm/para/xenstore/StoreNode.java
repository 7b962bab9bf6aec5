package dev.simvisor.node.vmm.para.xenstore;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A node of the tree, as it is between two changes. Never changed: a change puts another in its place. */
final class StoreNode {
    private static final byte[] NO_VALUE = {};

    /** Header and one permission as xenstored keeps them, which count towards a node's size. */
    private static final int HEADER_BYTES = 24;

    private static final int PERMISSION_BYTES = 8;

    private final byte[] value;
    private final NodePermissions permissions;
    private final List<String> children;

    private StoreNode(byte[] value, NodePermissions permissions, List<String> children) {
        this.value = value;
        this.permissions = permissions;
        this.children = children;
    }

    static StoreNode empty(NodePermissions permissions) {
        return new StoreNode(NO_VALUE, permissions, List.of());
    }

    byte[] value() {
        return value.clone();
    }

    NodePermissions permissions() {
        return permissions;
    }

    /** The names of what is right below, in the order they came. */
    List<String> children() {
        return children;
    }

    StoreNode withValue(byte[] newValue) {
        return new StoreNode(newValue.clone(), permissions, children);
    }

    StoreNode withPermissions(NodePermissions newPermissions) {
        return new StoreNode(value, newPermissions, children);
    }

    StoreNode withChild(String name) {
        List<String> more = new ArrayList<>(children);
        more.add(name);
        return new StoreNode(value, permissions, List.copyOf(more));
    }

    StoreNode withoutChild(String name) {
        return new StoreNode(
                value,
                permissions,
                children.stream().filter(child -> !child.equals(name)).toList());
    }

    /** Its size by xenstored's count, which a quota limits. */
    int bytes() {
        int names = children.stream().mapToInt(name -> name.length() + 1).sum();
        return HEADER_BYTES + PERMISSION_BYTES * permissions.entries().size() + value.length + names;
    }

    void describe(StringBuilder text) {
        text.append(HexFormat.of().formatHex(value)).append(' ').append(permissions.entries());
        text.append(' ').append(children).append('\n');
    }
}
