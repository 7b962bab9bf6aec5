package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.machine.network.Ethernet;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkPort;
import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import java.util.ArrayDeque;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network card (Xen, {@code io/netif.h}): a ring of frames from the guest, a ring of buffers for frames to it, one event
 * channel for both. Frames are copied; segmentation offload, several queues and the control ring are not offered.
 */
final class NetworkBackend extends DeviceBackend {
    /** Frames that wait for buffers; more are lost, as with a card whose queue is full. */
    private static final int MOST_WAITING = 256;

    private final int number;
    private final MacAddress address;
    private final NetworkPort network;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable TransmitRing transmit;
    private @Nullable ReceiveRing receive;

    /**
     * A card.
     *
     * @param number 0 for the guest's first, and so on
     */
    NetworkBackend(DeviceWiring wiring, int number, MacAddress address, Ethernet network) {
        super(wiring, "vif", number);
        this.number = number;
        this.address = address;
        this.network = network.connect(this::receive);
    }

    @Override
    Map<String, String> backendKeys() {
        return Map.of(
                "handle", Integer.toString(number),
                "mac", address.toString(),
                "feature-rx-copy", "1",
                "feature-rx-flip", "0",
                "feature-sg", "1",
                "feature-gso-tcpv4", "0",
                "feature-gso-tcpv6", "0",
                "feature-ipv6-csum-offload", "0",
                "feature-split-event-channels", "0",
                "hotplug-status", "connected");
    }

    @Override
    Map<String, String> frontendKeys() {
        return Map.of("handle", Integer.toString(number), "mac", address.toString());
    }

    @Override
    void connect() throws ConnectionRefusedException, GrantRefusedException, MalformedRingException {
        if (!"1".equals(frontendKey("request-rx-copy"))) {
            throw new ConnectionRefusedException("the front end does not ask for copies (request-rx-copy)");
        }
        transmit = new TransmitRing(openRing("tx-ring-ref"), this::openForCopy, network::send);
        receive = new ReceiveRing(openRing("rx-ring-ref"), this::openForCopy);
        connectPort("event-channel");
    }

    @Override
    void release() {
        waiting.clear();
        transmit = null;
        receive = null;
    }

    @Override
    String rings() {
        StringBuilder text = new StringBuilder();
        if (transmit != null) text.append(transmit.indices()).append(' ');
        if (receive != null) text.append(receive.indices());
        waiting.forEach(frame -> text.append(' ').append(HexFormat.of().formatHex(frame)));
        return text.toString();
    }

    /** Unplugs the card from the network, when the domain is at its end. */
    void unplug() {
        network.disconnect();
    }

    @Override
    void serve() throws MalformedRingException {
        TransmitRing ring = transmit;
        if (ring != null && ring.serve()) {
            notifyGuest();
        }
        deliver();
    }

    private void receive(byte[] frame) {
        if (receive == null || waiting.size() == MOST_WAITING) {
            return;
        }
        waiting.add(frame);
        attempt(this::deliver);
    }

    private void deliver() throws MalformedRingException {
        ReceiveRing ring = receive;
        if (ring != null && ring.deliver(waiting)) {
            notifyGuest();
        }
    }
}
