package dev.simvisor.config;

/**
 * A network link.
 *
 * @param latency one way, at least 1 microsecond: the smallest one of a cluster is how far its hosts may run ahead of
 *     each other, which must not become nothing
 */
public record Link(Bandwidth bandwidth, VirtualDuration latency) {
    private static final VirtualDuration LEAST_LATENCY = new VirtualDuration(1_000);

    static Link read(Section section) {
        Link link = new Link(
                section.scalar("bandwidth", Bandwidth.EXPECTED, Bandwidth::parse),
                section.scalar("latency", VirtualDuration.EXPECTED + ", at least 1us", Link::latency));
        section.end();
        return link;
    }

    private static VirtualDuration latency(String text) {
        VirtualDuration latency = VirtualDuration.parse(text);
        if (latency.compareTo(LEAST_LATENCY) < 0) {
            throw new IllegalArgumentException(text);
        }
        return latency;
    }
}
