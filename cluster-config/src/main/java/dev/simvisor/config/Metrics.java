package dev.simvisor.config;

/**
 * What is measured of an experiment's hosts and VMs over its virtual time.
 *
 * @param every how much virtual time a measurement covers, at least 1 ms
 */
public record Metrics(VirtualDuration every) {
    static Metrics read(Section section) {
        Metrics metrics =
                new Metrics(section.scalar("every", VirtualDuration.INTERVAL_EXPECTED, VirtualDuration::parseInterval));
        section.end();
        return metrics;
    }
}
