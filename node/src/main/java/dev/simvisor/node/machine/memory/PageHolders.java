package dev.simvisor.node.machine.memory;

/**
 * Pages that processors hold something of, such as decoded code: a page is held as long as any of them holds it. Each takes hold of
 * a page once before it lets go of it.
 */
final class PageHolders {
    private final int endFrame;
    private int holders;
    /** How many hold each page; empty as long as there is one holder, of whom nothing needs to be counted. */
    private byte[] counts = {};

    PageHolders(int endFrame) {
        this.endFrame = endFrame;
    }

    /** There is one more, of at most 127; nobody holds a page yet. */
    void add() {
        holders++;
        if (holders > 1) counts = new byte[endFrame];
    }

    /** Whether others have to be told that the page is held now: there are others, and it was not held before. */
    boolean hold(int gfn) {
        return counts.length != 0 && counts[gfn]++ == 0;
    }

    /** Whether nobody holds the page any more. */
    boolean letGo(int gfn) {
        return counts.length == 0 || --counts[gfn] == 0;
    }
}
