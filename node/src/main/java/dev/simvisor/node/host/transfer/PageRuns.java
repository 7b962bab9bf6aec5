package dev.simvisor.node.host.transfer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Sets of pages as messages have them: lengths of runs, from page 0 on, in turn of pages that are not in the set and of pages that
 * are.
 */
public final class PageRuns {
    private PageRuns() {}

    public static List<Integer> of(BitSet gfns) {
        List<Integer> runs = new ArrayList<>();
        int at = 0;
        while (at < gfns.length()) {
            int from = gfns.nextSetBit(at);
            int to = gfns.nextClearBit(from);
            runs.add(from - at);
            runs.add(to - from);
            at = to;
        }
        return runs;
    }

    /** @throws IllegalArgumentException when they go beyond {@code endFrame}; the message is one line */
    public static BitSet toSet(List<Integer> runs, int endFrame) {
        BitSet gfns = new BitSet();
        long at = 0;
        for (int i = 0; i < runs.size(); i++) {
            long to = at + Integer.toUnsignedLong(runs.get(i));
            if (to > endFrame) {
                throw new IllegalArgumentException("pages up to " + to + ", of " + endFrame);
            }
            gfns.set((int) at, (int) to, i % 2 == 1);
            at = to;
        }
        return gfns;
    }
}
