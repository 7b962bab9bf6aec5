package dev.simvisor.config;

/**
 * What is measured of an experiment's hosts and VMs over its virtual time.
 *
 * @param every how much virtual time a measurement covers, at least 1 ms
 */
public record Metrics(VirtualDuration every) {
    private static final VirtualDuration SHORTEST = new VirtualDuration(1_000_000);

    static Metrics read(Section section) {
        Metrics metrics =
                new Metrics(section.scalar("every", VirtualDuration.EXPECTED + ", at least 1ms", Metrics::every));
        section.end();
        return metrics;
    }

    private static VirtualDuration every(String text) {
        VirtualDuration every = VirtualDuration.parse(text);
        if (every.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException(text);
        }
        return every;
    }
}
