package dev.simvisor.node.machine.virtio;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.IntConsumer;

/** A virtio console with a single port (§5.3). Input waits without a limit until the driver has room for it. */
public final class VirtioConsole implements VirtioDevice {
    private static final int DEVICE_ID = 3;
    private static final int SIMPLE_COMMUNICATION = 0x078000;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int CONFIGURATION_SIZE = 12;
    private static final int CHUNK = 4096;

    private final IntConsumer output;
    private final VirtioPci transport;
    private final ArrayDeque<Byte> input = new ArrayDeque<>();
    private final byte[] buffer = new byte[CHUNK];

    /**
     * A console to be put on PCI by its {@link #transport}.
     *
     * @param output takes each byte sent, 0 to 255
     */
    public VirtioConsole(IntConsumer output, GuestMemory memory) {
        this.output = output;
        this.transport = new VirtioPci(this, memory);
    }

    public VirtioPci transport() {
        return transport;
    }

    /** Sends bytes to the guest. */
    public void receive(byte[] bytes) {
        for (byte value : bytes) {
            input.add(value);
        }
        transport.serve(RECEIVE);
    }

    @Override
    public String name() {
        return "virtio-console";
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public int classCode() {
        return SIMPLE_COMMUNICATION;
    }

    @Override
    public int features() {
        return 0; // neither size nor more ports
    }

    @Override
    public int queueCount() {
        return 2;
    }

    @Override
    public byte[] configuration() {
        return new byte[CONFIGURATION_SIZE];
    }

    @Override
    public void reset() {}

    @Override
    public void serve(int index, List<Virtqueue> queues) throws MalformedRingException {
        Virtqueue queue = queues.get(index);
        if (index == RECEIVE) {
            deliverInput(queue);
        } else if (index == TRANSMIT) {
            queue.serve(this::send);
        }
    }

    private void deliverInput(Virtqueue queue) throws MalformedRingException {
        for (int served = 0; served < queue.size() && !input.isEmpty(); served++) {
            DescriptorChain chain = queue.take();
            if (chain == null) {
                return;
            }
            int count = (int) Math.min(Math.min(input.size(), CHUNK), chain.writableBytes());
            for (int i = 0; i < count; i++) {
                buffer[i] = input.remove();
            }
            chain.write(buffer, 0, count);
            queue.complete(chain);
        }
    }

    private void send(DescriptorChain chain) {
        while (chain.readableBytes() > 0) {
            int count = chain.read(buffer, 0, CHUNK);
            for (int i = 0; i < count; i++) {
                output.accept(buffer[i] & 0xFF);
            }
        }
    }

    @Override
    public ByteString save() {
        byte[] waiting = new byte[input.size()];
        int i = 0;
        for (byte value : input) {
            waiting[i++] = value;
        }
        return ByteString.copyFrom(waiting);
    }

    @Override
    public void restore(ByteString state) {
        input.clear();
        for (byte value : state.toByteArray()) {
            input.add(value);
        }
    }
}
