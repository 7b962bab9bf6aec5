package dev.simvisor.node.vmm.hostile;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.FrameAudit;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.random.RandomGenerator;

/**
 * Hypercalls with arguments that are wrong in likely ways: pointers to the VMM and to nowhere, numbers of its frames and of
 * another domain's, tables of frames that are no tables, counts without end.
 */
final class HostileHypercalls {
    private static final int MMU_UPDATE = 1;
    private static final int MULTICALL = 13;
    private static final int UPDATE_VA_MAPPING = 14;
    private static final int UPDATE_VA_MAPPING_OTHER = 22;
    static final int GET_DEBUG_REGISTER = 9;
    static final int IRET = 23;
    private static final int MMUEXT_OP = 26;
    private static final int SCHED_OP = 29;
    private static final int SHUTDOWN = 2;
    private static final int MOST_NUMBER = 64;
    private static final int MOST_KNOWN = 36;
    private static final int UNPIN = 4;
    private static final int NEW_BASE = 5;
    private static final int SELF = 0x7FF0;
    private static final int PRESENT = 1;
    /** MMU_MACHPHYS_UPDATE, in an entry's machine address. */
    private static final int MACHINE_TO_PHYSICAL = 1;

    /**
     * What each hypercall takes, by number: c a command, p a pointer to something in between, n a count, e a page-table entry,
     * v an address in the window, a the machine address of an entry, d a domain, f flags of a flush, i a small number, x
     * anything.
     */
    private static final String[] FORMS = new String[MOST_NUMBER];

    static {
        String[] known = {
            "p", "pnpd", "pn", "xx", "xxx", "i", "cp", "xxx", "ix", "i", "ax", "", "cp", "pn", "vef", "x", "cp", "cp",
            "cnp", "cp", "cpn", "ii", "vefd", "", "cip", "ix", "pnpd", "cp", "cip", "cp", "cp", "cip", "cp", "cp", "cp"
        };
        System.arraycopy(known, 0, FORMS, 0, known.length);
    }

    /**
     * One call.
     *
     * @param refused whether the ABI has nothing but an error for it
     */
    record Call(long number, long[] arguments, boolean refused) {
        Call {
            arguments = Arrays.copyOf(arguments, 5);
        }
    }

    private final RandomGenerator random;
    private final HostileDomain attacker;
    private final Domain neighbour;
    private final HostileGrants grants;
    private final Deque<Call> prepared = new ArrayDeque<>();
    private boolean refused;
    /** Whether all that the arguments point to is as it is meant. */
    private boolean written;

    HostileHypercalls(RandomGenerator random, HostileDomain attacker, Domain neighbour) {
        this.random = random;
        this.attacker = attacker;
        this.neighbour = neighbour;
        grants = new HostileGrants(random, attacker, this);
    }

    HostileGrants grants() {
        return grants;
    }

    Call next() {
        if (prepared.isEmpty() && random.nextInt(24) == 0) forge();
        Call next = prepared.poll();
        if (next != null) return next;
        if (random.nextInt(6) == 0) return grants.next();
        refused = false;
        written = true;
        int number = switch (random.nextInt(8)) {
            case 0, 1 -> UPDATE_VA_MAPPING;
            case 2 -> MMU_UPDATE;
            case 3 -> MMUEXT_OP;
            default -> random.nextInt(8) == 0 ? random.nextInt(MOST_NUMBER) : random.nextInt(MOST_KNOWN);
        };
        long[] arguments = arguments(number, true);
        boolean wide = random.nextInt(64) == 0;
        return new Call(wide ? random.nextLong() : number, arguments, refused && written && !wide);
    }

    /** Makes a page table of entries of all kinds, as well as a guest can: writes it, gives up writing it, has it pinned. */
    private void forge() {
        int gfn = attacker.candidate(random);
        long machineFrame = attacker.domain().memory().mfn(gfn);
        int level = 1 + random.nextInt(4);
        prepared.add(new Call(
                UPDATE_VA_MAPPING, new long[] {attacker.addressOfFrame(gfn), machineFrame << 12 | 7, 2}, false));
        for (int n = random.nextInt(6); n > 0; n--) {
            long below = attacker.domain().memory().mfn(attacker.candidate(random)) << 12 | 7;
            long entry = level == 1 || random.nextInt(4) == 0 ? entry() : below;
            attacker.forgeEntry(gfn, level == 4 ? random.nextInt(256) : random.nextInt(512), entry);
        }
        if (level == 4) attacker.copyKernel(gfn);
        prepared.add(new Call(
                UPDATE_VA_MAPPING, new long[] {attacker.addressOfFrame(gfn), machineFrame << 12 | 5, 2}, false));
        int place = attacker.place(6);
        attacker.argument(place, level - 1);
        attacker.argument(place + 1, machineFrame);
        attacker.argument(
                place + 3,
                random.nextInt(3) == 0 ? UNPIN : level == 4 ? NEW_BASE + 10L * random.nextInt(2) : UNPIN + 2);
        attacker.argument(place + 4, machineFrame);
        prepared.add(new Call(MMUEXT_OP, new long[] {attacker.addressOf(place), 2, 0, SELF}, false));
    }

    private long[] arguments(int number, boolean top) {
        long[] arguments = new long[5];
        String form = FORMS[number];
        for (int n = 0; n < arguments.length; n++) {
            char kind = form != null && n < form.length() ? form.charAt(n) : 'x';
            arguments[n] = value(kind);
        }
        if (form == null) return arguments;
        switch (number) {
            case MMU_UPDATE -> arguments[0] = updates(arguments);
            case MMUEXT_OP -> arguments[0] = operations(arguments);
            case MULTICALL -> {
                if (top) arguments[0] = list(arguments);
            }
            case UPDATE_VA_MAPPING, UPDATE_VA_MAPPING_OTHER -> refused |= isForeign(arguments[1]);
            case SCHED_OP -> {
                if (arguments[0] == SHUTDOWN && random.nextInt(20) != 0) arguments[0] = 0;
            }
            default -> {}
        }
        return arguments;
    }

    private long value(char kind) {
        return switch (kind) {
            case 'c', 'i' -> random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(16);
            case 'p' -> pointer();
            case 'n' -> count();
            case 'e' -> entry();
            case 'v' -> random.nextInt(16) == 0 ? pointer() : attacker.windowPage(random);
            case 'a' -> machineFrame() << 12 | random.nextInt(512) << 3;
            case 'd' -> random.nextInt(4) == 0 ? random.nextInt(4) : SELF;
            case 'f' -> random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(8);
            default -> anything();
        };
    }

    long count() {
        return switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1 -> 0xFFFF_FFFFL;
            case 2 -> random.nextLong();
            case 3 -> 1L << 31 | random.nextInt(4);
            default -> 1 + random.nextInt(4);
        };
    }

    private long anything() {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt(8);
            case 1 -> machineFrame();
            case 2 -> entry();
            case 3 -> pointer();
            case 4 -> -random.nextInt(70);
            default -> random.nextLong();
        };
    }

    /** Of arguments in memory, mostly; they are filled with something. */
    long pointer() {
        return switch (random.nextInt(16)) {
            case 0 -> 0;
            case 1 -> 0xFFFF_8000_0000_0000L + 8L * random.nextInt(1 << 20); // the machine-to-physical table
            case 2 -> 0xFFFF_8200_0000_0000L + random.nextInt(1 << 20); // the VMM's own
            case 3 -> 0x8000_0000_0000_0000L | random.nextLong(); // not canonical, as a rule
            case 4 -> -random.nextInt(4096);
            case 5 -> attacker.windowPage(random) + random.nextInt(4096);
            case 6 -> attacker.ownPage(random) + 4096 - random.nextInt(32);
            default -> filled(24 + random.nextInt(64));
        };
    }

    /** The address of so many bytes of anything. */
    private long filled(int bytes) {
        int words = bytes / 8;
        int place = attacker.place(words);
        for (int n = 0; n < words; n++) {
            long word = switch (random.nextInt(5)) {
                case 0 -> SELF;
                case 1 -> random.nextInt(4) | (long) random.nextInt(4) << 32;
                default -> anything();
            };
            put(place + n, word);
        }
        return attacker.addressOf(place);
    }

    long machineFrame() {
        return switch (random.nextInt(12)) {
            case 0 -> foreignFrame();
            case 1 -> random.nextLong() >>> 12 + random.nextInt(30);
            case 2 -> attacker.tableFrame(random);
            default -> attacker.sandboxFrame(random);
        };
    }

    /** Of the other domain, of the VMM, or of nobody. */
    private long foreignFrame() {
        return switch (random.nextInt(3)) {
            case 0 ->
                neighbour.memory().firstMfn()
                        + random.nextInt(neighbour.memory().endFrame());
            case 1 -> attacker.domain().memory().endMfn() + random.nextInt(64);
            default -> random.nextInt(1 << 16);
        };
    }

    private long entry() {
        long flags = 5 | (random.nextBoolean() ? 2 : 0);
        if (random.nextInt(8) == 0) flags ^= 1L << random.nextInt(12);
        if (random.nextInt(16) == 0) flags |= 1L << 52 + random.nextInt(12);
        return machineFrame() << 12 & 0x000F_FFFF_FFFF_F000L | flags;
    }

    /** Whether an entry maps what is not the guest's. */
    private boolean isForeign(long entry) {
        long frame = (entry & 0x000F_FFFF_FFFF_F000L) >>> 12;
        return (entry & PRESENT) != 0 && !FrameAudit.isGuests(attacker.domain(), frame);
    }

    private long updates(long[] arguments) {
        int updates = 1 + random.nextInt(3);
        int place = attacker.place(2 * updates);
        for (int n = updates - 1; n >= 0; n--) {
            long target = value('a') | (random.nextInt(8) == 0 ? random.nextInt(8) : 0);
            long value = entry();
            put(place + 2 * n, target);
            put(place + 2 * n + 1, value);
            boolean own = FrameAudit.isGuests(attacker.domain(), target >>> 12);
            // To a frame that is not a page table anything may be written, and anything into the machine-to-physical
            // table.
            boolean maps = attacker.isTable(target >>> 12) && isForeign(value) && (target & 7) != MACHINE_TO_PHYSICAL;
            refused = !own || maps;
        }
        if (random.nextInt(4) != 0) arguments[1] = updates;
        refused &= isCount(arguments[1]);
        return attacker.addressOf(place);
    }

    private void put(int place, long value) {
        written &= attacker.argument(place, value);
    }

    private static boolean isCount(long count) {
        return (count & 0x7FFF_FFFFL) != 0;
    }

    private long operations(long[] arguments) {
        int operations = 1 + random.nextInt(2);
        int place = attacker.place(3 * operations);
        for (int n = 0; n < operations; n++) {
            int command = random.nextInt(22);
            long frame = random.nextInt(16) == 0 ? anything() : machineFrame();
            put(place + 3 * n, command);
            put(place + 3 * n + 1, frame);
            put(place + 3 * n + 2, random.nextBoolean() ? machineFrame() : anything());
            boolean pins = command <= 3 || command == 5;
            if (n == 0) refused = pins && !FrameAudit.isGuests(attacker.domain(), frame);
        }
        arguments[1] = operations;
        return attacker.addressOf(place);
    }

    private long list(long[] arguments) {
        int calls = 1 + random.nextInt(3);
        int place = attacker.place(8 * calls);
        for (int n = 0; n < calls; n++) {
            int number = random.nextInt(MOST_NUMBER);
            boolean before = refused;
            long[] inner = arguments(number, false);
            refused = before; // the list itself succeeds
            put(place + 8 * n, number);
            for (int a = 0; a < inner.length; a++) put(place + 8 * n + 2 + a, inner[a]);
        }
        if (random.nextInt(8) != 0) arguments[1] = calls;
        return attacker.addressOf(place);
    }
}
