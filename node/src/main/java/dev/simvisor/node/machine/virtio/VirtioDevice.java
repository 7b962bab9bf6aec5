package dev.simvisor.node.machine.virtio;

import com.google.protobuf.ByteString;
import java.util.List;

/** What makes a virtio device that device; everything else is the transport's ({@link VirtioPci}). */
interface VirtioDevice {
    /** Name for messages and saved state. */
    String name();

    /** Virtio device ID (§5). */
    int deviceId();

    /** PCI class code, 24 bits. */
    int classCode();

    /** Feature bits 0 to 23, of the device's own kind, that it offers. */
    int features();

    int queueCount();

    /** The device's configuration fields, read-only, little-endian. */
    byte[] configuration();

    /** Another number after each change of {@link #configuration}, up to 255 (§4.1.4.3.1). */
    default int configurationGeneration() {
        return 0;
    }

    /**
     * Serves a queue whose driver notified it; queues that are not enabled must be left alone. No more requests are served than
     * the queue has entries. A driver has no more there, and cannot add one meanwhile; but what a device writes may be the ring
     * itself, which then never ends. Such requests wait for the driver's next notification.
     */
    void serve(int queue, List<Virtqueue> queues) throws MalformedRingException;

    /** The driver reset the device: requests are forgotten. */
    void reset();

    /** State of the device beyond that of its queues, which finishes each request as it is notified. */
    default ByteString save() {
        return ByteString.EMPTY;
    }

    default void restore(ByteString state) {}
}
