package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The grant table of a domain: entries of {@code grant_entry_v1} in frames that it shares with the VMM, and what the VMM
 * knows of those in use.
 */
public final class GrantTable {
    /** The version of the entries' layout, and the only one there is. */
    public static final int VERSION = 1;

    /** Xen's default limit of a domain. */
    public static final int MOST_FRAMES = 64;

    /** References that the toolstack fills in before the guest starts. */
    public static final int CONSOLE = 0;

    public static final int XENSTORE = 1;

    // grant_entry_v1: flags and domain in the first word, the frame in the second
    private static final int ENTRY_BYTES = 8;
    private static final int ENTRIES_PER_FRAME = SharedPage.SIZE / ENTRY_BYTES;
    private static final int FRAME = 4;
    private static final int DOMAIN_SHIFT = 16;
    private static final int TYPE_MASK = 3;
    private static final int PERMIT_ACCESS = 1;
    private static final int READ_ONLY = 1 << 2;
    private static final int READING = 1 << 3;
    private static final int WRITING = 1 << 4;
    private static final int SUB_PAGE = 1 << 8;

    private static final int MOST_PINS = 255;

    /** An entry in use. What the guest writes into the entry meanwhile changes nothing. */
    private static final class Active {
        private final int domain;
        private final long mfn;
        private int readers;
        private int writers;

        Active(int domain, long mfn) {
            this.domain = domain;
            this.mfn = mfn;
        }

        boolean isUnused() {
            return readers + writers == 0;
        }
    }

    private final DomainFrames memory;
    private final List<Long> frames = new ArrayList<>();
    private final Map<Integer, Active> active = new HashMap<>();

    public GrantTable(DomainFrames memory) {
        this.memory = memory;
        grow(1);
    }

    // ---- the table's own frames

    /** How many frames the entries take. */
    public int frames() {
        return frames.size();
    }

    /** The machine frame number of one of them. */
    public long mfn(int frame) {
        return frames.get(frame);
    }

    /** Makes the table at least that many frames long; false if it cannot be. */
    public boolean grow(int wanted) {
        if (wanted < 0 || wanted > MOST_FRAMES) {
            return false;
        }
        while (frames.size() < wanted) {
            OptionalLong frame = memory.allocateShared();
            if (frame.isEmpty()) {
                return false;
            }
            frames.add(frame.getAsLong());
        }
        return true;
    }

    // ---- entries

    /** Grants a frame for reading and writing, as the guest itself would: for what the toolstack sets up. */
    public void permit(int reference, int domain, long mfn) {
        SharedPage page = pageOf(reference);
        page.writeInt(at(reference) + FRAME, (int) mfn);
        page.writeInt(at(reference), PERMIT_ACCESS | domain << DOMAIN_SHIFT);
    }

    /** Uses a frame that is granted to {@code domain}, to be mapped. */
    public GrantedFrame open(int reference, int domain, boolean writable) throws GrantRefusedException {
        return open(reference, domain, writable, SUB_PAGE);
    }

    /** Uses a frame that is granted to {@code domain}, to be copied from or to at once. */
    public GrantedFrame openForCopy(int reference, int domain, boolean writable) throws GrantRefusedException {
        return open(reference, domain, writable, 0);
    }

    private GrantedFrame open(int reference, int domain, boolean writable, int disallowed)
            throws GrantRefusedException {
        if (!isReference(reference)) {
            throw new GrantRefusedException(GrantStatus.BAD_REFERENCE);
        }
        SharedPage page = pageOf(reference);
        int entry = page.readInt(at(reference));
        if ((entry & (TYPE_MASK | disallowed)) != PERMIT_ACCESS || entry >>> DOMAIN_SHIFT != domain) {
            throw new GrantRefusedException(GrantStatus.BAD_REFERENCE);
        }
        if (writable && (entry & READ_ONLY) != 0) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        Active use = use(reference, domain, page.readInt(at(reference) + FRAME) & 0xFFFF_FFFFL, writable);
        page.writeInt(at(reference), entry | READING | (writable ? WRITING : 0));
        return new GrantedFrame(this, reference, use.mfn, writable);
    }

    private Active use(int reference, int domain, long mfn, boolean writable) throws GrantRefusedException {
        Active present = active.get(reference);
        Active use = present == null ? new Active(domain, mfn) : present;
        if (use.domain != domain) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        if (use.readers + use.writers == MOST_PINS) {
            throw new GrantRefusedException(GrantStatus.NO_SPACE);
        }
        if (!memory.owns(use.mfn)) {
            throw new GrantRefusedException(GrantStatus.BAD_PAGE);
        }
        if (!memory.take(use.mfn, writable)) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        active.put(reference, use);
        if (writable) {
            use.writers++;
        } else {
            use.readers++;
        }
        return use;
    }

    void release(int reference, boolean writable) {
        Active use = active.get(reference);
        if (use == null) {
            throw new IllegalStateException("grant " + reference + " is not in use");
        }
        memory.drop(use.mfn, writable);
        int ended = 0;
        if (writable) {
            use.writers--;
        } else {
            use.readers--;
        }
        if (use.writers == 0) {
            ended |= WRITING;
        }
        if (use.isUnused()) {
            active.remove(reference);
            ended |= READING;
        }
        SharedPage page = pageOf(reference);
        page.writeInt(at(reference), page.readInt(at(reference)) & ~ended);
    }

    /** How often a frame is in use as one that is read only, or as one that is written too. */
    public int uses(long mfn, boolean writable) {
        return active.values().stream()
                .filter(use -> use.mfn == mfn)
                .mapToInt(use -> writable ? use.writers : use.readers)
                .sum();
    }

    /** Exchanges two entries that are not in use. */
    public GrantStatus swap(int first, int second) {
        if (!isReference(first) || !isReference(second)) {
            return GrantStatus.BAD_REFERENCE;
        }
        if (isInUse(first) || isInUse(second)) {
            return GrantStatus.TRY_AGAIN;
        }
        byte[] a = new byte[ENTRY_BYTES];
        byte[] b = new byte[ENTRY_BYTES];
        pageOf(first).read(at(first), a, 0, ENTRY_BYTES);
        pageOf(second).read(at(second), b, 0, ENTRY_BYTES);
        pageOf(first).write(at(first), b, 0, ENTRY_BYTES);
        pageOf(second).write(at(second), a, 0, ENTRY_BYTES);
        return GrantStatus.OKAY;
    }

    boolean isInUse(int reference) {
        return active.get(reference) != null;
    }

    private boolean isReference(int reference) {
        return reference >= 0 && reference < frames.size() * ENTRIES_PER_FRAME;
    }

    SharedPage page(long mfn) {
        return memory.page(mfn);
    }

    private SharedPage pageOf(int reference) {
        return memory.page(frames.get(reference / ENTRIES_PER_FRAME));
    }

    private static int at(int reference) {
        return reference % ENTRIES_PER_FRAME * ENTRY_BYTES;
    }
}
