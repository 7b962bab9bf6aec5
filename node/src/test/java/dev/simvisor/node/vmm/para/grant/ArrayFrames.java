package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.ring.ArrayPage;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;

/** A domain's frames in arrays: machine frames 0x1000 to 0x10FF are its memory, of which some may be page tables. */
public final class ArrayFrames implements DomainFrames {
    public static final long FIRST = 0x1000;
    private static final long END = 0x1100;

    private final Map<Long, SharedPage> pages = new HashMap<>();
    private final Map<Long, Integer> uses = new HashMap<>();
    private final Set<Long> pageTables = new HashSet<>();
    private long nextShared = END;

    public void usePageTable(long mfn) {
        pageTables.add(mfn);
    }

    /** How often a frame is taken. */
    public int uses(long mfn) {
        return uses.getOrDefault(mfn, 0);
    }

    public int allUses() {
        return uses.values().stream().mapToInt(Integer::intValue).sum();
    }

    @Override
    public boolean owns(long mfn) {
        return mfn >= FIRST && mfn < END;
    }

    @Override
    public boolean take(long mfn, boolean writable) {
        if (writable && pageTables.contains(mfn)) {
            return false;
        }
        uses.merge(mfn, 1, Integer::sum);
        return true;
    }

    @Override
    public void drop(long mfn, boolean writable) {
        uses.merge(mfn, -1, Integer::sum);
    }

    @Override
    public SharedPage page(long mfn) {
        if (mfn < FIRST || mfn >= nextShared) {
            throw new AssertionError("frame " + mfn + " is nobody's");
        }
        return Objects.requireNonNull(pages.computeIfAbsent(mfn, _ -> new ArrayPage()));
    }

    @Override
    public OptionalLong allocateShared() {
        return OptionalLong.of(nextShared++);
    }
}
