package dev.simvisor.node.cpu.translator;

/** What a translator has done. */
public final class TranslatorStatistics {
    private long regions;
    private long instructions;
    private long bytes;
    private long executed;
    private long entries;
    private long forgotten;
    private long shared;

    void translated(int instructions, int bytes) {
        regions++;
        this.instructions += instructions;
        this.bytes += bytes;
    }

    /** A region's class was there. */
    void taken() {
        shared++;
    }

    /** Regions whose class another translator of the process had made. */
    public long shared() {
        return shared;
    }

    /** Guest instructions executed in regions. */
    public long executed() {
        return executed;
    }

    /** Regions forgotten, because their code was rewritten or to make room. */
    public long forgotten() {
        return forgotten;
    }

    void forgotten(int count) {
        forgotten += count;
    }

    void executed(long instructions, long entries) {
        executed = instructions;
        this.entries = entries;
    }

    /** How often a region was entered from the dispatcher. */
    public long entries() {
        return entries;
    }

    /** Regions made. */
    public long regions() {
        return regions;
    }

    /** Guest instructions in them. */
    public long instructions() {
        return instructions;
    }

    /** Bytes of class files made. */
    public long bytes() {
        return bytes;
    }
}
