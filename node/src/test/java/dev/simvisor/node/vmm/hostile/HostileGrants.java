package dev.simvisor.node.vmm.hostile;

import dev.simvisor.node.vmm.hostile.HostileHypercalls.Call;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/**
 * The grant table as a domain abuses it: entries forged while they are in use, and operations of half-right arguments (Xen,
 * {@code grant_table.h}).
 */
final class HostileGrants {
    static final int GRANT_TABLE_OP = 20;
    private static final int OPERATIONS = 12;
    private static final int SELF = 0x7FF0;
    private static final int ENTRY_BYTES = 8;
    private static final int ENTRIES = 512;
    private static final int PERMIT_ACCESS = 1;
    /** References that are met again, and the first of them: those below are the toolstack's. */
    private static final int REFERENCES = 24;

    private static final int FIRST_REFERENCE = 2;
    private static final int MOST_LIST = 4;

    /** Quadwords of each operation's structure; of what takes only one, too. */
    private static final int[] WORDS = {4, 3, 3, 1, 3, 5, 2, 3, 1, 3, 1, 2};

    private final RandomGenerator random;
    private final HostileDomain attacker;
    private final HostileHypercalls values;

    HostileGrants(RandomGenerator random, HostileDomain attacker, HostileHypercalls values) {
        this.random = random;
        this.attacker = attacker;
        this.values = values;
    }

    private GrantTable table() {
        return attacker.domain().grants().table();
    }

    /** Permits a frame to be used by some domain, as the guest does it; the entry may be in use as something else. */
    int permit(long mfn, boolean readOnly) {
        int reference = FIRST_REFERENCE + random.nextInt(REFERENCES);
        entry(reference, PERMIT_ACCESS | (readOnly ? 1 << 2 : 0), (int) mfn);
        return reference;
    }

    /** Any entry becomes anything. */
    void forgeEntry() {
        int reference = random.nextInt(32) == 0 ? random.nextInt(ENTRIES) : reference();
        int domain = random.nextInt(3) == 0 ? 1 : random.nextInt(16) == 0 ? random.nextInt() : 0;
        int flags = random.nextInt(8) == 0 ? random.nextInt(1 << 16) : PERMIT_ACCESS | random.nextInt(2) << 2;
        long frame = random.nextInt(4) == 0 ? values.machineFrame() : attacker.sharedFrame(random);
        entry(reference, flags | domain << 16, (int) frame);
    }

    private void entry(int reference, int header, int frame) {
        byte[] entry = ByteBuffer.allocate(ENTRY_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(header)
                .putInt(frame)
                .array();
        attacker.forge(table().mfn(reference / ENTRIES), reference % ENTRIES * ENTRY_BYTES, entry);
    }

    private int reference() {
        return random.nextInt(REFERENCES + FIRST_REFERENCE);
    }

    /** A reference that is one, mostly. */
    private long wildReference() {
        return switch (random.nextInt(12)) {
            case 0 -> random.nextInt();
            case 1 -> ENTRIES * table().frames() - 1 + random.nextInt(3);
            default -> reference();
        };
    }

    private long domain() {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(1 << 16);
            case 1 -> 0;
            case 2 -> SELF;
            default -> 1;
        };
    }

    /** A grant_table_op. Only its status says whether it succeeded. */
    Call next() {
        int operation = random.nextInt(8) == 0
                ? random.nextInt(OPERATIONS)
                : new int[] {0, 0, 1, 5, 5, 7, 11}[random.nextInt(7)];
        int length = random.nextInt(4) == 0 ? 1 + random.nextInt(MOST_LIST) : 1;
        int words = (WORDS[operation] * length) + 1;
        int place = attacker.place(words);
        for (int n = 0; n < length; n++) fill(operation, place, n);
        long count = random.nextInt(12) == 0 ? values.count() : length;
        long at = random.nextInt(24) == 0 ? values.pointer() : attacker.addressOf(place);
        long command = random.nextInt(64) == 0 ? random.nextInt() : operation;
        return new Call(GRANT_TABLE_OP, new long[] {command, at, count}, false);
    }

    private void fill(int operation, int place, int index) {
        int at = place + WORDS[operation] * index;
        switch (operation) {
            case 0 -> {
                long flags = random.nextInt(8) == 0 ? random.nextInt(1 << 20) : 1 + random.nextInt(8) | (bits(16) << 4);
                attacker.argument(at, address(flags));
                attacker.argument(at + 1, flags | wildReference() << 32);
                attacker.argument(at + 2, domain());
            }
            case 1, 7 -> {
                attacker.argument(at, random.nextInt(6) == 0 ? 0 : address(bits(16) << 4));
                long second = operation == 7 ? attacker.windowPage(random) : attacker.sharedFrame(random) << 12;
                attacker.argument(at + 1, random.nextInt(3) == 0 ? 0 : second);
                attacker.argument(
                        at + 2, random.nextInt(8) == 0 ? random.nextInt() & 0xFFFF_FFFFL : random.nextInt(16));
            }
            case 2 -> {
                attacker.argument(
                        at, domain() | (random.nextInt(8) == 0 ? values.count() : 1 + random.nextInt(3)) << 32);
                attacker.argument(at + 2, values.pointer());
            }
            case 4 -> {
                attacker.argument(at, values.machineFrame());
                attacker.argument(at + 1, domain() | wildReference() << 32);
            }
            case 5 -> copy(at);
            case 11 -> {
                // Of twelve bytes each: those of a list overlap what was meant, which is as good.
                attacker.argument(at, wildReference() & 0xFFFF_FFFFL | wildReference() << 32);
            }
            default -> attacker.argument(at, domain() | (long) random.nextInt(4) << 32);
        }
    }

    private long bits(int of) {
        return random.nextInt(of) == 0 ? 1 : 0;
    }

    /** Where to map: a page of the window, or an entry of a page table. */
    private long address(long flags) {
        if ((flags & 1 << 4) == 0) return random.nextInt(16) == 0 ? values.pointer() : attacker.windowPage(random);
        return attacker.tableFrame(random) << 12 | 8L * random.nextInt(512);
    }

    private void copy(int at) {
        int flags = random.nextInt(16) == 0 ? random.nextInt(1 << 16) : random.nextInt(4);
        end(at, (flags & 1) != 0);
        end(at + 2, (flags & 2) != 0);
        long length = random.nextInt(8) == 0 ? random.nextInt(1 << 16) : random.nextInt(1024);
        attacker.argument(at + 4, length | (long) flags << 16);
    }

    private void end(int at, boolean byReference) {
        long frame = random.nextInt(2) == 0 ? values.machineFrame() : attacker.sharedFrame(random);
        attacker.argument(at, byReference ? wildReference() : frame);
        long offset = random.nextInt(8) == 0 ? random.nextInt(1 << 16) : random.nextInt(3072);
        attacker.argument(at + 1, (byReference ? domain() : SELF) | offset << 16);
    }
}
