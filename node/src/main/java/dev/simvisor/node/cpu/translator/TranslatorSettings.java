package dev.simvisor.node.cpu.translator;

/**
 * What a translator does when. None of it changes what the guest does.
 *
 * @param threshold executions after which a block is hot, at least 1
 * @param mostInstructions of a region
 * @param mostRegions at any time; the least useful half goes when there are more
 */
public record TranslatorSettings(int threshold, int mostInstructions, int mostRegions) {
    public static final TranslatorSettings DEFAULT = new TranslatorSettings(1000, 200, 4000);
}
