package dev.simvisor.controller.cluster;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.node.EthernetFrame;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The switches between hosts, as one that learns behind which host an address is, from the sources of frames, and sends what it
 * knows no host for to all (IEEE 802.1D §7.7 to 7.9). The way from link to link takes what it takes a migration between the hosts.
 *
 * <p>It sees frames in the order in which guests sent them, whichever window that was in, and knows an address from then on.
 */
final class EthernetFabric {
    /** What is not heard of for so long is forgotten (IEEE 802.1D table 7-5). */
    static final long AGING_NANOS = 300_000_000_000L;

    /** Addresses that are remembered: a guest that makes up more has what is for them go everywhere. */
    static final int MOST_ADDRESSES = 8192;

    private static final int ADDRESS_BYTES = 6;

    /** Where frames for a host go. */
    interface Ways extends BiConsumer<String, EthernetFrame> {}

    private record Place(String host, long heardNanos) {}

    private final Map<ByteString, Place> places = new HashMap<>();
    private List<EthernetFrame> sent = new ArrayList<>();

    /** Hosts have sent frames in the window that is about to end. */
    void sent(Collection<EthernetFrame> frames) {
        sent.addAll(frames);
    }

    /**
     * Sends on, at the end of a window, what was sent within it.
     *
     * @param hosts all that there are
     */
    void forward(Map<String, HostEntry> hosts, Ways ways) {
        if (sent.isEmpty()) return;
        List<EthernetFrame> frames = sent;
        sent = new ArrayList<>();
        frames.sort(Comparator.comparingLong(EthernetFrame::getSentNanos)
                .thenComparing(EthernetFrame::getFrom)
                .thenComparingLong(EthernetFrame::getNumber));
        for (EthernetFrame frame : frames) {
            HostEntry from = hosts.get(frame.getFrom());
            if (from != null) forward(frame, from, hosts, ways);
        }
    }

    private void forward(EthernetFrame frame, HostEntry from, Map<String, HostEntry> hosts, Ways ways) {
        ByteString destination = frame.getBytes().substring(0, ADDRESS_BYTES);
        learn(frame.getBytes().substring(ADDRESS_BYTES, 2 * ADDRESS_BYTES), from, frame.getSentNanos());
        Place place = isGroup(destination) ? null : places.get(destination);
        if (place != null && frame.getSentNanos() - place.heardNanos() < AGING_NANOS) {
            HostEntry to = hosts.get(place.host());
            if (to != null) send(frame, from, to, ways);
            return;
        }
        hosts.values().forEach(to -> send(frame, from, to, ways));
    }

    /** Not back by the way it came, where the host has its own. */
    private static void send(EthernetFrame frame, HostEntry from, HostEntry to, Ways ways) {
        if (to == from || !to.isAlive()) return;
        long latencyNanos = Migrations.path(from, to).getLatencyNanos();
        ways.accept(
                to.name(),
                frame.toBuilder()
                        .setArrivalNanos(frame.getLeftNanos() + latencyNanos)
                        .build());
    }

    private void learn(ByteString source, HostEntry from, long nanos) {
        boolean hasRoom = places.size() < MOST_ADDRESSES || places.containsKey(source);
        if (!isGroup(source) && hasRoom) places.put(source, new Place(from.name(), nanos));
    }

    private static boolean isGroup(ByteString address) {
        return (address.byteAt(0) & 1) != 0;
    }

    /** The host's link is down: it is known no more what is behind it. */
    void forget(String host) {
        places.values().removeIf(place -> place.host().equals(host));
    }
}
