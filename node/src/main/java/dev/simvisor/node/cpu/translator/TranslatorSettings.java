package dev.simvisor.node.cpu.translator;

/**
 * What a translator does when. None of it changes what the guest does.
 *
 * <p>HotSpot needs tens of milliseconds of a core to compile a region: what is executed less often than some tens of thousands
 * of times is better interpreted. So measured over boots of Linux, where 20,000 and 80,000 did no better.
 *
 * @param threshold executions after which a block is hot, at least 1
 * @param patience how long a new region is left to HotSpot's compiler, in blocks met that regions can be entered at
 * @param mostInstructions of a region
 * @param mostRegions at any time; the least useful half goes when there are more
 */
public record TranslatorSettings(int threshold, int patience, int mostInstructions, int mostRegions) {
    /** Of the time that HotSpot takes, some ten milliseconds pass in the first compilation. */
    public static final TranslatorSettings DEFAULT = new TranslatorSettings(40_000, 100_000, 200, 4000);

    /** For somebody who wants all regions entered as soon as they are there. */
    public TranslatorSettings(int threshold, int mostInstructions, int mostRegions) {
        this(threshold, 0, mostInstructions, mostRegions);
    }
}
