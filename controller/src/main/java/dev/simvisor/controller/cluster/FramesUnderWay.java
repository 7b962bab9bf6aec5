package dev.simvisor.controller.cluster;

import dev.simvisor.proto.node.EthernetFrame;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;

/** Ethernet frames on their way to hosts. */
final class FramesUnderWay {
    /** As many, in bytes, as all hosts together are given in a window: no message holds without end. */
    static final long MOST_BYTES = 2 << 20;

    private static final Comparator<EthernetFrame> ORDER = Comparator.comparingLong(EthernetFrame::getArrivalNanos)
            .thenComparingLong(EthernetFrame::getSentNanos)
            .thenComparing(EthernetFrame::getFrom)
            .thenComparingLong(EthernetFrame::getNumber);

    private final SortedMap<String, PriorityQueue<EthernetFrame>> frames = new TreeMap<>();
    private long bytes;

    void add(String host, EthernetFrame frame) {
        frames.computeIfAbsent(host, name -> new PriorityQueue<>(ORDER)).add(frame);
        bytes += frame.getSerializedSize();
    }

    void remove(String host) {
        PriorityQueue<EthernetFrame> lost = frames.remove(host);
        if (lost != null) lost.forEach(frame -> bytes -= frame.getSerializedSize());
    }

    /** When the first arrives at a host; never when there is none. */
    long nextNanos(String host) {
        PriorityQueue<EthernetFrame> queue = frames.get(host);
        return queue == null || queue.isEmpty()
                ? Long.MAX_VALUE
                : queue.element().getArrivalNanos();
    }

    /** Those that arrive at a host before a time, in their order. */
    List<EthernetFrame> take(String host, long beforeNanos) {
        List<EthernetFrame> taken = new ArrayList<>();
        PriorityQueue<EthernetFrame> queue = frames.get(host);
        while (queue != null && !queue.isEmpty() && queue.element().getArrivalNanos() < beforeNanos) {
            taken.add(queue.remove());
        }
        taken.forEach(frame -> bytes -= frame.getSerializedSize());
        return taken;
    }

    /** Up to when frames arrive that fit into one window; those of one time count as fitting. */
    long fullNanos() {
        if (bytes <= MOST_BYTES) return Long.MAX_VALUE;
        List<EthernetFrame> all = new ArrayList<>();
        frames.values().forEach(all::addAll);
        all.sort(ORDER);
        long before = 0;
        for (EthernetFrame frame : all) {
            before += frame.getSerializedSize();
            if (before > MOST_BYTES && frame.getArrivalNanos() > all.getFirst().getArrivalNanos()) {
                return frame.getArrivalNanos();
            }
        }
        return Long.MAX_VALUE;
    }
}
