package dev.simvisor.node.vmm.migration;

import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationCompression;
import dev.simvisor.proto.api.MigrationParameters;
import java.math.BigInteger;

/**
 * What one migration is to do, with the figures of the path it takes.
 *
 * @param algorithm which it is; unspecified is pre-copy
 * @param roundBytesPerSecond rate of the rounds in which the guest runs
 * @param linkBytesPerSecond rate of the last round: no limit but the link's while the guest waits, as QEMU does
 * @param latencyNanos one way between the hosts
 * @param downtimeLimitNanos the switch-over is due when it is expected to take no longer
 * @param maxRounds rounds in which the guest runs, at most
 * @param autoConverge hold the guest back while rounds do not converge, as {@link Throttle} says
 * @param coding of the pages that are sent before the hand-over
 */
public record MigrationPlan(
        MigrationAlgorithm algorithm,
        long roundBytesPerSecond,
        long linkBytesPerSecond,
        long latencyNanos,
        long downtimeLimitNanos,
        int maxRounds,
        boolean autoConverge,
        PageCoding coding) {
    public static final long DEFAULT_DOWNTIME_LIMIT_NANOS = 300_000_000;
    public static final int DEFAULT_MAX_ROUNDS = 30;
    /** The more rounds, the fewer pages the guest lacks; but one sees to all that are hardly ever written. */
    public static final int DEFAULT_HYBRID_ROUNDS = 1;

    /** The source looks at what remains this often: a round lasts whole bursts, as QEMU's rate limit makes it. */
    private static final long BURST_NANOS = 100_000_000;

    /** After the hand-over the path is given to what is pushed for so long at a time: that is what a page in demand may have to wait. */
    private static final long PUSH_NANOS = 200_000;

    private static final BigInteger NANOS_PER_SECOND = BigInteger.valueOf(1_000_000_000);

    public MigrationPlan {
        if (roundBytesPerSecond <= 0 || linkBytesPerSecond <= 0) {
            throw new IllegalArgumentException("a path without bandwidth");
        }
    }

    /** The plan for parameters, with defaults for what they leave at 0. */
    public static MigrationPlan of(MigrationParameters parameters, LinkSpec path) {
        MigrationAlgorithm algorithm = parameters.getAlgorithm();
        int defaultRounds = algorithm == MigrationAlgorithm.HYBRID ? DEFAULT_HYBRID_ROUNDS : DEFAULT_MAX_ROUNDS;
        long link = Math.max(1, path.getBitsPerSecond() / Byte.SIZE);
        long limit = parameters.getBandwidthBytesPerSecond();
        return new MigrationPlan(
                algorithm,
                limit == 0 ? link : Math.min(limit, link),
                link,
                path.getLatencyNanos(),
                parameters.getDowntimeLimitNanos() == 0
                        ? DEFAULT_DOWNTIME_LIMIT_NANOS
                        : parameters.getDowntimeLimitNanos(),
                parameters.getMaxRounds() == 0 ? defaultRounds : parameters.getMaxRounds(),
                parameters.getAutoConverge(),
                coding(parameters));
    }

    private static PageCoding coding(MigrationParameters parameters) {
        boolean zstd = parameters.getCompression() == MigrationCompression.MIGRATION_COMPRESSION_ZSTD;
        int channels = Math.max(1, parameters.getChannels());
        return switch (parameters.getAlgorithm()) {
            case POST_COPY -> PageCoding.NONE; // no page is sent before the hand-over
            case STOP_AND_COPY -> new PageCoding(0, zstd, channels); // none is sent twice
            case PRE_COPY, HYBRID, MIGRATION_ALGORITHM_UNSPECIFIED, UNRECOGNIZED ->
                new PageCoding(parameters.getDeltaCacheBytes(), zstd, channels);
        };
    }

    boolean stopAndCopy() {
        return algorithm == MigrationAlgorithm.STOP_AND_COPY;
    }

    boolean postCopy() {
        return algorithm == MigrationAlgorithm.POST_COPY;
    }

    /** Whether the guest goes on at the target before it has all pages, unless rounds have left next to nothing. */
    boolean leavesRest() {
        return postCopy() || algorithm == MigrationAlgorithm.HYBRID;
    }

    /** How much of what the guest does not wait for is sent between two looks at what it does wait for. */
    long pushBytes() {
        return Math.max(
                1,
                BigInteger.valueOf(PUSH_NANOS)
                        .multiply(BigInteger.valueOf(roundBytesPerSecond))
                        .divide(NANOS_PER_SECOND)
                        .longValueExact());
    }

    /** How long it takes to code pages and send them while the guest runs: some are coded while others are on the path. */
    long roundNanos(SentPages pages) {
        return Math.max(nanos(pages.wireBytes(), roundBytesPerSecond), coding.nanos(pages));
    }

    /** The same while the guest waits, for pages and what else there is, so many bytes together. */
    long lastRoundNanos(SentPages pages, long bytes) {
        return Math.max(finalNanos(bytes), coding.nanos(pages));
    }

    /** How long so many bytes occupy the path while the guest waits, or nobody does. */
    public long finalNanos(long bytes) {
        return nanos(bytes, linkBytesPerSecond);
    }

    /**
     * The most pages that may remain for the switch-over, so that its time with two latencies meets the limit, at the rate of the
     * last round: a limit of the rounds' rate is none of the guest's downtime. What deltas and compression will make of them
     * nobody knows before, so all count in full, and for as long as they may take to code.
     */
    int switchOverPages() {
        if (stopAndCopy()) {
            return Integer.MAX_VALUE;
        }
        return pagesWithin(Math.max(0, downtimeLimitNanos - 2 * latencyNanos), linkBytesPerSecond);
    }

    /** How many pages a round sends when {@code remaining} are left: all but what may wait, in whole bursts. */
    int roundPages(int remaining) {
        int burst = Math.max(1, pagesWithin(BURST_NANOS, roundBytesPerSecond));
        long wanted = Math.max(1, remaining - switchOverPages());
        return (int) Math.min(remaining, Math.ceilDiv(wanted, burst) * burst);
    }

    private int pagesWithin(long nanos, long bytesPerSecond) {
        return Math.min(pagesOnPathWithin(nanos, bytesPerSecond), coding.pagesWithin(nanos));
    }

    private static int pagesOnPathWithin(long nanos, long bytesPerSecond) {
        return BigInteger.valueOf(nanos)
                .multiply(BigInteger.valueOf(bytesPerSecond))
                .divide(NANOS_PER_SECOND)
                .divide(BigInteger.valueOf(SentPages.FULL_PAGE_BYTES))
                .min(BigInteger.valueOf(Integer.MAX_VALUE))
                .intValue();
    }

    static long nanos(long bytes, long bytesPerSecond) {
        BigInteger rate = BigInteger.valueOf(bytesPerSecond);
        return BigInteger.valueOf(bytes)
                .multiply(NANOS_PER_SECOND)
                .add(rate.subtract(BigInteger.ONE))
                .divide(rate)
                .longValueExact();
    }
}
