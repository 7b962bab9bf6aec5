package dev.simvisor.node.vmm.para.xenstore;

import java.util.ArrayList;
import java.util.List;

/**
 * Who may do what with a node. The first entry names the owner, who may do everything, and what domains may do that no
 * other entry names.
 */
public record NodePermissions(List<Entry> entries) {
    /** What a domain may do. */
    public enum Access {
        NONE('n'),
        READ('r'),
        WRITE('w'),
        BOTH('b');

        private final char letter;

        Access(char letter) {
            this.letter = letter;
        }

        boolean reads() {
            return this == READ || this == BOTH;
        }

        boolean writes() {
            return this == WRITE || this == BOTH;
        }
    }

    /** One domain's access. */
    public record Entry(int domain, Access access) {
        @Override
        public String toString() {
            return access.letter + Integer.toString(domain);
        }

        /** Reads a letter and a domain's number, such as {@code r5}. */
        static Entry parse(String text) throws StoreRefusedException {
            for (Access access : Access.values()) {
                if (!text.isEmpty() && text.charAt(0) == access.letter) {
                    return new Entry(NodePermissions.domain(text.substring(1)), access);
                }
            }
            throw new StoreRefusedException(StoreError.EINVAL);
        }
    }

    private static final int MOST_DOMAIN = 0xFFFF;

    public NodePermissions {
        entries = List.copyOf(entries);
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("permissions without an owner");
        }
    }

    /** Of a node that {@code owner} alone may use. */
    public static NodePermissions ownedBy(int owner) {
        return new NodePermissions(List.of(new Entry(owner, Access.NONE)));
    }

    /** The same, with one more domain that may do something. */
    public NodePermissions and(int domain, Access access) {
        List<Entry> more = new ArrayList<>(entries);
        more.add(new Entry(domain, access));
        return new NodePermissions(more);
    }

    static int domain(String text) throws StoreRefusedException {
        if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > MOST_DOMAIN) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        return Integer.parseInt(text);
    }

    int owner() {
        return entries.getFirst().domain();
    }

    NodePermissions withOwner(int owner) {
        List<Entry> changed = new ArrayList<>(entries);
        changed.set(0, new Entry(owner, entries.getFirst().access()));
        return new NodePermissions(changed);
    }

    Access of(int domain) {
        if (domain == owner()) {
            return Access.BOTH;
        }
        return entries.stream()
                .skip(1)
                .filter(entry -> entry.domain() == domain)
                .findFirst()
                .orElse(entries.getFirst())
                .access();
    }
}
