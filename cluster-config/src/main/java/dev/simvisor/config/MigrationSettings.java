package dev.simvisor.config;

import java.util.Optional;

/**
 * How a VM is migrated.
 *
 * @param bandwidth limit of what is sent while the guest runs, unless it waits for it; empty leaves it to the link
 * @param downtimeLimit the switch-over is due when what remains can be sent in this time
 * @param maxRounds after so many rounds the switch-over comes regardless
 * @param autoConverge holds the VM back more and more while rounds do not converge
 * @param deltaCache what the source may use to remember pages, to send what changes in them; empty sends pages in full
 * @param compression of pages that are sent before the hand-over
 * @param channels streams by which these are sent, each with a thread that codes them, from 1 to {@link #MOST_CHANNELS}
 */
public record MigrationSettings(
        Algorithm algorithm,
        Optional<Bandwidth> bandwidth,
        VirtualDuration downtimeLimit,
        int maxRounds,
        boolean autoConverge,
        Optional<MemorySize> deltaCache,
        Compression compression,
        int channels) {
    /** What is sent while the guest runs. */
    public enum Algorithm {
        /** Nothing: the guest waits for all of it. */
        STOP_AND_COPY,
        /** All memory, then in rounds what was written meanwhile (Clark et al., NSDI 2005). */
        PRE_COPY,
        /** Nothing: the guest goes on at the target at once, and its pages follow (Hines and Gopalan, VEE 2009). */
        POST_COPY,
        /** As in pre-copy; what the rounds leave follows as in post-copy. */
        HYBRID;

        /** After how many rounds the switch-over comes regardless, unless it is said. */
        public int defaultRounds() {
            return this == HYBRID ? 1 : 30;
        }
    }

    /** What is done with pages that are sent in full. */
    public enum Compression {
        /** They are sent as they are. */
        NONE,
        /** Of zstd's levels, the first. */
        ZSTD
    }

    /** A thread more codes no faster where there is no processor for it, and a server has so many. */
    public static final int MOST_CHANNELS = 16;

    private static final int MOST_ROUNDS = 10_000;

    /** Pre-copy at the link's rate, 300 ms of downtime (QEMU's default), 30 rounds, no throttle, pages as they are on one channel. */
    public static final MigrationSettings DEFAULT = new MigrationSettings(
            Algorithm.PRE_COPY,
            Optional.empty(),
            new VirtualDuration(300_000_000),
            Algorithm.PRE_COPY.defaultRounds(),
            false,
            Optional.empty(),
            Compression.NONE,
            1);

    /**
     * The fields algorithm, bandwidth, downtime-limit, max-rounds, auto-converge, delta-cache, compression and channels, each of
     * which may be left out.
     */
    static MigrationSettings read(Section section) {
        Algorithm algorithm =
                section.optionalChoice("algorithm", Algorithm.class).orElse(DEFAULT.algorithm);
        Compression compression =
                section.optionalChoice("compression", Compression.class).orElse(DEFAULT.compression);
        int channels = section.optionalInteger("channels", 1, MOST_CHANNELS)
                .map(Long::intValue)
                .orElse(DEFAULT.channels);
        if (algorithm == Algorithm.POST_COPY && (compression != Compression.NONE || channels > 1)) {
            throw section.error(
                    "algorithm",
                    "is post-copy, which sends pages as they are; expected no compression and one channel");
        }
        return new MigrationSettings(
                algorithm,
                section.optionalScalar("bandwidth", Bandwidth.EXPECTED, Bandwidth::parse),
                section.optionalScalar("downtime-limit", VirtualDuration.EXPECTED, VirtualDuration::parse)
                        .orElse(DEFAULT.downtimeLimit),
                section.optionalInteger("max-rounds", 1, MOST_ROUNDS)
                        .map(Long::intValue)
                        .orElse(algorithm.defaultRounds()),
                section.optionalFlag("auto-converge").orElse(DEFAULT.autoConverge),
                section.optionalPages("delta-cache"),
                compression,
                channels);
    }
}
