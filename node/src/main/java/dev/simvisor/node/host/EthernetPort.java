package dev.simvisor.node.host;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.vmm.SentFrame;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.node.EthernetFrame;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A host's place on the Ethernet: the cards of its VMs, and the link to the switch beside it. A frame takes the link to the switch
 * and a link from there, also when it is for another VM of the host (as with the edge relay of IEEE 802.1Qbg, whose frames turn back
 * at the switch). So it takes at least the link's latency, which no window is longer than: whoever it is for has not run past its
 * arrival. The latency is that of the path, as for all that hosts send one another; a link's bandwidth is shared by frames alone.
 *
 * <p>What guests send is put on the link in the order of its times, when all VMs have run past them; so nothing here depends on
 * where windows end.
 */
final class EthernetPort {
    private static final int DESTINATION = 0;

    private record Plugged(VirtualMachine vm, MacAddress address) {}

    /** A frame that a VM has sent, and that is not on the link yet. */
    private record Sent(long nanos, String vm, long index, byte[] bytes) {
        static final Comparator<Sent> ORDER =
                Comparator.comparingLong(Sent::nanos).thenComparing(Sent::vm).thenComparingLong(Sent::index);
    }

    private final HostSpec spec;
    private final HostContext host;
    private final EthernetLine up;
    private final EthernetLine down;
    /** Those whose cables are plugged in. */
    private final SortedMap<String, Plugged> plugged = new TreeMap<>();

    private final PriorityQueue<Sent> waiting = new PriorityQueue<>(Sent.ORDER);
    private List<EthernetFrame> leaving = new ArrayList<>();
    private long taken;
    private long numbered;

    EthernetPort(HostSpec spec, HostContext host) {
        this.spec = spec;
        this.host = host;
        this.up = new EthernetLine(spec.getLink().getBitsPerSecond());
        this.down = new EthernetLine(spec.getLink().getBitsPerSecond());
    }

    // ---- cards ----

    /** A VM has come to the host; one without a card, or whose cable is out, has no part in this. */
    void plug(VirtualMachine vm) {
        if (vm.spec().hasNetwork() && !vm.spec().getNetwork().getLinkDown()) {
            MacAddress address = MacAddress.parse(vm.spec().getNetwork().getAddress());
            plugged.put(vm.name(), new Plugged(vm, address));
        }
    }

    void unplug(VirtualMachine vm) {
        plugged.remove(vm.name());
    }

    /** Lets the switches know that a VM, which was elsewhere before, is here now. */
    void announce(VirtualMachine vm) {
        Plugged card = plugged.get(vm.name());
        if (card != null) {
            put(vm, host.nowNanos(), ReverseArp.announcing(card.address()));
        }
    }

    private Optional<Plugged> cardOf(MacAddress address) {
        return plugged.values().stream()
                .filter(card -> card.address().equals(address))
                .findFirst();
    }

    // ---- from VMs to the switch ----

    /** Takes what a VM has sent. */
    void collect(VirtualMachine vm) {
        for (SentFrame frame : vm.takeFrames()) {
            if (plugged.containsKey(vm.name())) put(vm, frame.nanos(), frame.bytes());
        }
    }

    private void put(VirtualMachine vm, long nanos, byte[] frame) {
        waiting.add(new Sent(nanos, vm.name(), taken++, frame));
    }

    /** Puts on the link what was sent before a time, to which all VMs have run. */
    void sendBefore(long nanos) {
        while (!waiting.isEmpty() && waiting.element().nanos() < nanos) {
            send(waiting.remove());
        }
    }

    private void send(Sent sent) {
        long leftNanos = up.send(sent.nanos(), sent.bytes().length);
        if (leftNanos == EthernetLine.LOST) {
            return;
        }
        EthernetFrame frame = EthernetFrame.newBuilder()
                .setFrom(spec.getName())
                .setNumber(++numbered)
                .setSentNanos(sent.nanos())
                .setLeftNanos(leftNanos)
                .setBytes(ByteString.copyFrom(sent.bytes()))
                .build();
        MacAddress destination = MacAddress.at(sent.bytes(), DESTINATION);
        boolean isHere = cardOf(destination).isPresent();
        if (isHere || destination.isGroup()) {
            long arrivalNanos = leftNanos + spec.getLink().getLatencyNanos();
            arrive(frame.toBuilder().setArrivalNanos(arrivalNanos).build(), sent.vm());
        }
        if (!isHere) {
            leaving.add(frame);
        }
    }

    /** When frames must be put on the link; never when there are none. */
    long nextNanos() {
        return waiting.isEmpty() ? Long.MAX_VALUE : waiting.element().nanos();
    }

    /** Whether nothing has left the host that others must be told of. */
    boolean isQuiet() {
        return leaving.isEmpty();
    }

    /** What has left the host since the last call, in the order of its being sent. */
    List<EthernetFrame> takeLeaving() {
        List<EthernetFrame> left = leaving;
        leaving = new ArrayList<>();
        return left;
    }

    // ---- from the switch to VMs ----

    /** A frame is on its way from another host. */
    void arrive(EthernetFrame frame) {
        arrive(frame, "");
    }

    /** @param sender the VM of this host that sent it, and does not get it; empty for another host's */
    private void arrive(EthernetFrame frame, String sender) {
        String key = String.format("%020d %s %020d", frame.getSentNanos(), frame.getFrom(), frame.getNumber());
        host.at(new Due(frame.getArrivalNanos(), Due.Rank.FRAME, key, () -> {
            long endsNanos = down.send(frame.getArrivalNanos(), frame.getBytes().size());
            if (endsNanos != EthernetLine.LOST) {
                byte[] bytes = frame.getBytes().toByteArray();
                host.at(new Due(endsNanos, Due.Rank.FRAME, key, () -> deliver(bytes, sender)));
            }
        }));
    }

    /** To the card it is for, or to all; what none of them is here for any more is lost. */
    private void deliver(byte[] frame, String sender) {
        MacAddress destination = MacAddress.at(frame, DESTINATION);
        List<Plugged> receivers = destination.isGroup()
                ? List.copyOf(plugged.values())
                : cardOf(destination).stream().toList();
        for (Plugged card : receivers) {
            if (!card.vm().name().equals(sender)) {
                BugContainment.contain(card.vm(), receiver -> receiver.receive(frame));
                host.reschedule();
            }
        }
    }
}
