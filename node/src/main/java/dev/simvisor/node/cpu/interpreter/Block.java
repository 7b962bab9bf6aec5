package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.decode.Instruction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Instructions that follow one another within a page, decoded. All but the last continue with the next; the last may be a
 * branch. An instruction that crosses into the next page is a block of its own.
 */
public final class Block {
    public static final long NO_SECOND_PAGE = -1;

    private static final int MOST_TARGETS = 8;
    private static final long[] NO_TARGETS = {};

    public final long physical;
    public final int key;
    public final Instruction[] instructions;
    /** Bytes. */
    public final int length;
    /** Physical address of the page that the last bytes lie in when the block crosses a page, or NO_SECOND_PAGE. */
    public final long secondPage;

    /** Whether a debugger may have to be asked before it is executed: then nothing may lead past that. */
    final boolean mayStop;

    /** Next block of the same frame. */
    @Nullable
    Block sibling;

    /** Cleared when the block leaves the cache: its bytes changed, or its place was taken. */
    boolean valid = true;

    /** How often the interpreter executed it. */
    public int executions;

    /** How often it is to be executed until somebody looks whether it is hot. */
    int lookAt;

    /** Translated code that can be entered here. */
    @Nullable
    Region region;

    /** Number of that entrance. */
    int entrance;

    private boolean refused;
    private boolean wantsEntrance;
    private boolean missesOften;
    private long misses;

    /** Regions that its bytes are part of. */
    private @Nullable List<Region> parts;

    // The two blocks that last followed this one, within its page, by the distance from this block's start to theirs.
    private @Nullable Block firstSuccessor;
    private long firstDistance;
    private @Nullable Block secondSuccessor;
    private long secondDistance;

    /** Distances of what has followed the indirect branch at its end; null when it ends otherwise. */
    private long @Nullable [] targets;

    Block(long physical, int key, Instruction[] instructions, int length, long secondPage, boolean mayStop) {
        this.physical = physical;
        this.key = key;
        this.instructions = instructions;
        this.length = length;
        this.secondPage = secondPage;
        this.mayStop = mayStop;
        this.refused = mayStop;
        String last = instructions[instructions.length - 1].row.semantics();
        if (last.equals("jmpIndirect") || last.equals("callIndirect")) targets = NO_TARGETS;
    }

    /** Distances from this block's start to those that have followed the indirect branch at its end, the first few. */
    public long[] indirectTargets() {
        return targets == null ? NO_TARGETS : targets;
    }

    /** The valid region that can be entered here, or null. */
    public @Nullable Region entered() {
        return region != null && region.isValid() ? region : null;
    }

    /** From now on translated code is entered here through one of its entrances. */
    public void enterThrough(Region region, int entrance) {
        if (this.region != null) this.region.loseEntrance();
        this.region = region;
        this.entrance = entrance;
    }

    /** It is to be looked at after so many more executions. */
    public void postpone(int executions) {
        lookAt = (int) Math.min((long) this.executions + executions, Integer.MAX_VALUE);
    }

    /** The regions that take it in shall be enterable at it. */
    public void wantEntrance() {
        wantsEntrance = true;
    }

    public boolean wantsEntrance() {
        return wantsEntrance;
    }

    /** Keeps it out of regions. */
    void refuse() {
        refused = true;
    }

    /** Whether one of its instructions accesses what translated code cannot, or a debugger may have it wait. */
    public boolean isRefused() {
        return refused;
    }

    /** Translated code met a miss of the TLB in it. */
    void missed() {
        misses++;
    }

    /** Decides by how often it {@link #missed} whether a walk in place pays; what was decided so stays. */
    void judgeMisses(long atLeast) {
        missesOften |= misses >= atLeast;
    }

    /** Whether its memory accesses had better handle misses of the TLB in place. */
    public boolean missesOften() {
        return missesOften;
    }

    /** Makes a region go when this block does. */
    public void become(Region part) {
        if (parts == null) parts = new ArrayList<>();
        parts.removeIf(old -> !old.isValid());
        parts.add(part);
    }

    /** Lets go of regions that are not valid any more. */
    void forgetInvalidRegions() {
        if (region != null && !region.isValid()) region = null;
        if (parts != null) parts.removeIf(part -> !part.isValid());
    }

    /** Whether a valid region stands on it. */
    boolean isTranslated() {
        return translated() != null;
    }

    /** The largest valid region that it is part of, or null. */
    public @Nullable Region translated() {
        if (parts == null) return null;
        return parts.stream()
                .filter(Region::isValid)
                .max(Comparator.comparingInt(part -> part.layout().instructions().length))
                .orElse(null);
    }

    void invalidate() {
        valid = false;
        region = null;
        if (parts != null) parts.forEach(Region::invalidate);
        parts = null;
    }

    /** The block that starts {@code distance} bytes from the start of this one, if it has followed before. */
    @Nullable
    Block successor(long distance) {
        Block successor = firstSuccessor;
        if (successor != null && firstDistance == distance && successor.valid) return successor;
        successor = secondSuccessor;
        return successor != null && secondDistance == distance && successor.valid ? successor : null;
    }

    /**
     * Remembers a successor. Only blocks of the same page are linked: wherever the page is mapped, the distance is then the
     * same, and no translation lies between.
     */
    void link(long distance, Block successor) {
        if (targets != null) observe(targets, distance);
        if ((physical ^ successor.physical) >>> 12 != 0 || successor.secondPage != NO_SECOND_PAGE) return;
        if (successor.mayStop) return;
        if (distance != (successor.physical - physical)) return;
        secondSuccessor = firstSuccessor;
        secondDistance = firstDistance;
        firstSuccessor = successor;
        firstDistance = distance;
    }

    private void observe(long[] known, long distance) {
        if (known.length == MOST_TARGETS) return;
        for (long target : known) if (target == distance) return;
        long[] more = Arrays.copyOf(known, known.length + 1);
        more[known.length] = distance;
        targets = more;
    }
}
