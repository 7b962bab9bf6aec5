package dev.simvisor.controller.cluster;

import dev.simvisor.proto.node.EthernetFrame;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.RunWindow;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What each host must be granted next: when it is due, what it has been told, what is on its way to it. Knows neither actors
 * nor what the messages mean.
 */
final class Windows {
    /**
     * Commands of one window, in bytes; what is over waits for the next, and a larger one goes alone. A message that no frame
     * holds would never arrive, and everybody would wait for the host's answer.
     */
    static final int MOST_COMMAND_BYTES = 4 << 20;

    /** A message under way, with what orders it among others of the same time. */
    private record UnderWay(String from, int index, HostMessage message) {
        static final Comparator<UnderWay> ORDER = Comparator.comparingLong(
                        (UnderWay one) -> one.message().getArrivalNanos())
                .thenComparingLong(one -> one.message().getSentNanos())
                .thenComparing(UnderWay::from)
                .thenComparingInt(UnderWay::index);
    }

    /** One host's lot. */
    private static final class Lane {
        final String node;
        long dueNanos = Long.MAX_VALUE;
        final Deque<HostCommand> commands = new ArrayDeque<>();
        final List<UnderWay> messages = new ArrayList<>();

        Lane(String node) {
            this.node = node;
        }

        long nextNanos(long nowNanos) {
            return Math.min(dueNanos, nextMessageNanos(nowNanos));
        }

        /** When it has something to do that it does not know of yet. */
        long nextMessageNanos(long nowNanos) {
            long next = commands.isEmpty() ? Long.MAX_VALUE : nowNanos;
            for (UnderWay message : messages) {
                next = Math.min(next, message.message().getArrivalNanos());
            }
            return next;
        }

        /** As many commands, in their order, as a window takes. */
        List<HostCommand> takeCommands() {
            List<HostCommand> taken = new ArrayList<>();
            int bytes = 0;
            while (!commands.isEmpty()) {
                int more = commands.element().getSerializedSize();
                if (!taken.isEmpty() && bytes + more > MOST_COMMAND_BYTES) {
                    break;
                }
                bytes += more;
                taken.add(commands.remove());
            }
            return taken;
        }
    }

    private final SortedMap<String, Lane> lanes = new TreeMap<>();
    private final FramesUnderWay frames = new FramesUnderWay();
    private boolean measured;

    /** Whether from now on hosts report what VMs use of them. */
    void measure(boolean wanted) {
        measured = wanted;
    }

    /** A host that a node carries. */
    void add(String host, String node) {
        lanes.put(host, new Lane(node));
    }

    void remove(String host) {
        lanes.remove(host);
        frames.remove(host);
    }

    /** Frames to a host that is no more are lost. */
    void frame(String host, EthernetFrame frame) {
        if (lanes.containsKey(host)) frames.add(host, frame);
    }

    /** When a window that begins now has to end for the sake of what hosts are given in it. */
    long fullNanos() {
        return frames.fullNanos();
    }

    private long nextNanos(String host, Lane lane, long nowNanos) {
        return Math.min(lane.nextNanos(nowNanos), frames.nextNanos(host));
    }

    /** Commands to a host that is no more are lost. */
    void command(String host, HostCommand command) {
        Lane lane = lanes.get(host);
        if (lane != null) {
            lane.commands.add(command);
        }
    }

    /** Messages to a host that is no more are lost. */
    void message(String from, int index, HostMessage message) {
        Lane lane = lanes.get(message.getTo());
        if (lane != null) {
            lane.messages.add(new UnderWay(from, index, message));
        }
    }

    void due(String host, long nanos) {
        Lane lane = lanes.get(host);
        if (lane != null) {
            lane.dueNanos = nanos;
        }
    }

    /** When some host must run next; never when none must. */
    long nextNanos(long nowNanos) {
        long next = Long.MAX_VALUE;
        for (Map.Entry<String, Lane> entry : lanes.entrySet()) {
            next = Math.min(next, nextNanos(entry.getKey(), entry.getValue(), nowNanos));
        }
        return next;
    }

    /** Windows in which all hosts report where they stand, and nothing else happens. */
    List<RunWindow> look(long window, long nowNanos) {
        return lanes.keySet().stream()
                .map(host -> RunWindow.newBuilder()
                        .setHost(host)
                        .setWindow(window)
                        .setFromNanos(nowNanos)
                        .setUntilNanos(nowNanos)
                        .setMeasure(true)
                        .build())
                .toList();
    }

    /**
     * How far hosts may go that have to wait for no others.
     *
     * @param lookaheadNanos length of a window
     * @param plannedNanos when the controller has something to do itself
     * @param mostNanos the time to which they may go, as commands from outside have to wait so long
     */
    record Ahead(long lookaheadNanos, long plannedNanos, long mostNanos) {}

    /**
     * The windows of those hosts that have something to do before {@code untilNanos}. If one node carries them all, they may go on
     * with the windows that follow as long as this is so: what they do is the same, and need not be told from window to window. With
     * them go those of the node's hosts that will soon have something to do.
     */
    List<RunWindow> grant(long window, long fromNanos, long untilNanos, Ahead ahead) {
        List<RunWindow.Builder> grants = new ArrayList<>();
        Set<String> nodes = new HashSet<>();
        lanes.forEach((host, lane) -> {
            if (nextNanos(host, lane, fromNanos) < untilNanos) {
                nodes.add(lane.node);
                RunWindow.Builder grant = grant(host, window, fromNanos, untilNanos)
                        .addAllCommands(lane.takeCommands())
                        .addAllFrames(frames.take(host, untilNanos));
                lane.messages.sort(UnderWay.ORDER);
                while (!lane.messages.isEmpty()
                        && lane.messages.getFirst().message().getArrivalNanos() < untilNanos) {
                    grant.addMessages(lane.messages.removeFirst().message());
                }
                grants.add(grant);
            }
        });
        if (nodes.size() == 1) {
            goAhead(grants, nodes.iterator().next(), ahead);
        }
        return grants.stream().map(RunWindow.Builder::build).toList();
    }

    private RunWindow.Builder grant(String host, long window, long fromNanos, long untilNanos) {
        return RunWindow.newBuilder()
                .setHost(host)
                .setWindow(window)
                .setFromNanos(fromNanos)
                .setUntilNanos(untilNanos)
                .setMeasure(measured);
    }

    private void goAhead(List<RunWindow.Builder> grants, String node, Ahead ahead) {
        Set<String> granted = new HashSet<>();
        grants.forEach(grant -> granted.add(grant.getHost()));
        RunWindow.Builder first = grants.getFirst();
        long from = first.getFromNanos();
        long alone = ahead.mostNanos();
        for (Map.Entry<String, Lane> entry : lanes.entrySet()) {
            Lane lane = entry.getValue();
            String host = entry.getKey();
            boolean goesAlong = granted.contains(host);
            if (!goesAlong && lane.node.equals(node) && nextNanos(host, lane, from) < ahead.mostNanos()) {
                goesAlong = true;
                grants.add(grant(host, first.getWindow(), from, first.getUntilNanos())
                        .setIdle(true));
            }
            alone = Math.min(alone, goesAlong ? lane.nextMessageNanos(from) : lane.nextNanos(from));
            alone = Math.min(alone, frames.nextNanos(host));
        }
        for (RunWindow.Builder grant : grants) {
            grant.setHosts(grants.size())
                    .setLookaheadNanos(ahead.lookaheadNanos())
                    .setPlannedNanos(ahead.plannedNanos())
                    .setAloneUntilNanos(alone);
        }
    }
}
