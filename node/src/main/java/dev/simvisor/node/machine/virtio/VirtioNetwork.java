package dev.simvisor.node.machine.virtio;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.network.NetworkPort;
import dev.simvisor.proto.state.NetworkCardState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A virtio network card with one pair of queues (§5.1). It computes no checksums and cuts no segments. A frame leaves at the virtual
 * instant that its queue is notified; one that comes and finds no buffer is lost, as is one that the Ethernet does not carry.
 */
public final class VirtioNetwork implements VirtioDevice {
    private static final int DEVICE_ID = 1;
    private static final int ETHERNET_CONTROLLER = 0x020000;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private static final int FEATURE_MAC = 1 << 5;
    private static final int FEATURE_STATUS = 1 << 16;

    // Configuration, §5.1.4
    private static final int STATUS = 6;
    private static final int CONFIGURATION_SIZE = 8;
    private static final short LINK_UP = 1;

    // Header of each frame, §5.1.6; the number of buffers is there whatever has been negotiated
    private static final int HEADER_SIZE = 12;
    private static final int BUFFER_COUNT = 10;

    private final MacAddress address;
    private final NetworkPort network;
    private final VirtioPci transport;
    private boolean linkUp = true;
    /** The frame that is coming in, while it is. */
    private byte @Nullable [] incoming;

    /** A card to be put on PCI by its {@link #transport}. */
    public VirtioNetwork(NetworkCard card, GuestMemory memory) {
        address = card.address();
        transport = new VirtioPci(this, memory);
        network = card.network().connect(this::receive);
    }

    public VirtioPci transport() {
        return transport;
    }

    /** Plugs the cable in or out, which the driver is told of. */
    public void link(boolean up) {
        if (up != linkUp) {
            linkUp = up;
            transport.configurationChanged();
        }
    }

    private void receive(byte[] frame) {
        if (linkUp) {
            incoming = frame;
            transport.serve(RECEIVE);
            incoming = null;
        }
    }

    @Override
    public String name() {
        return "virtio-net";
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public int classCode() {
        return ETHERNET_CONTROLLER;
    }

    @Override
    public int features() {
        return FEATURE_MAC | FEATURE_STATUS;
    }

    @Override
    public int queueCount() {
        return 2;
    }

    @Override
    public byte[] configuration() {
        ByteBuffer fields = ByteBuffer.allocate(CONFIGURATION_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(STATUS, linkUp ? LINK_UP : 0);
        address.put(fields.array(), 0);
        return fields.array();
    }

    @Override
    public int configurationGeneration() {
        return linkUp ? 0 : 1;
    }

    @Override
    public void reset() {}

    @Override
    public void serve(int index, List<Virtqueue> queues) throws MalformedRingException {
        if (index == TRANSMIT) {
            queues.get(index).serve(this::send);
        } else if (incoming != null) {
            deliver(queues.get(index), incoming);
        }
    }

    private void send(DescriptorChain chain) throws MalformedRingException {
        if (chain.read(new byte[HEADER_SIZE], 0, HEADER_SIZE) < HEADER_SIZE) {
            throw new MalformedRingException("a frame without a header");
        }
        long length = chain.readableBytes();
        if (linkUp && NetworkPort.carries(length)) {
            byte[] frame = new byte[(int) length];
            chain.read(frame, 0, frame.length);
            network.send(frame);
        }
    }

    /** A buffer that is too small comes back with nothing in it: drivers only should offer larger ones (§5.1.6.3.1). */
    private static void deliver(Virtqueue queue, byte[] frame) throws MalformedRingException {
        DescriptorChain chain = queue.take();
        if (chain == null) {
            return;
        }
        if (chain.writableBytes() >= HEADER_SIZE + frame.length) {
            byte[] header = new byte[HEADER_SIZE];
            header[BUFFER_COUNT] = 1;
            chain.write(header, 0, HEADER_SIZE);
            chain.write(frame, 0, frame.length);
        }
        queue.complete(chain);
    }

    @Override
    public ByteString save() {
        return NetworkCardState.newBuilder()
                .setAddress(address.bits())
                .setLinkDown(!linkUp)
                .build()
                .toByteString();
    }

    @Override
    public void restore(ByteString state) {
        try {
            NetworkCardState saved = NetworkCardState.parseFrom(state);
            if (saved.getAddress() != address.bits()) {
                throw new IllegalArgumentException("saved state of a card with another address than " + address);
            }
            linkUp = !saved.getLinkDown();
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("saved state of a card that cannot be read: " + e.getMessage(), e);
        }
    }
}
