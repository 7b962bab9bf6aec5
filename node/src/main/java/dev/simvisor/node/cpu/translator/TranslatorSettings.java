package dev.simvisor.node.cpu.translator;

/**
 * What a translator does when. None of it changes what the guest does.
 *
 * <p>HotSpot needs tens of milliseconds of a core to compile a region, in which the interpreter executes some 30,000 blocks
 * many times: translating what is executed less often than that would cost more than it saves.
 *
 * @param threshold executions after which a block is hot, at least 1
 * @param mostInstructions of a region
 * @param mostRegions at any time; the least useful half goes when there are more
 * @param keepsClassFiles whether {@link TranslatingEngine#hottest} has the regions' code
 */
public record TranslatorSettings(int threshold, int mostInstructions, int mostRegions, boolean keepsClassFiles) {
    public static final TranslatorSettings DEFAULT = new TranslatorSettings(30_000, 200, 4000);

    public TranslatorSettings(int threshold, int mostInstructions, int mostRegions) {
        this(threshold, mostInstructions, mostRegions, false);
    }

    /** The same for somebody who wants to look at the code. */
    public TranslatorSettings keepingClassFiles() {
        return new TranslatorSettings(threshold, mostInstructions, mostRegions, true);
    }
}
