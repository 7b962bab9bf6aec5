package dev.simvisor.node.machine.virtio;

import dev.simvisor.node.machine.bus.Registers;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.pci.ConfigurationSpace;
import dev.simvisor.node.machine.pci.PciFunction;
import dev.simvisor.proto.state.VirtioState;
import dev.simvisor.proto.state.VirtqueueState;
import java.util.List;
import java.util.stream.Stream;

/**
 * Virtio over PCI, modern interface (§4.1): capabilities in configuration space point at the structures, which all lie in
 * the memory range of base address register 0.
 */
public final class VirtioPci extends PciFunction implements Registers {
    private static final int VENDOR = 0x1AF4;
    private static final int FIRST_MODERN_DEVICE = 0x1040;
    private static final int MODERN_REVISION = 1;

    // Structures in the memory range, a page for each
    private static final int COMMON = 0x0000;
    private static final int INTERRUPT_STATUS = 0x1000;
    private static final int DEVICE = 0x2000;
    private static final int NOTIFY = 0x3000;
    private static final int STRUCTURE_SIZE = 0x1000;
    private static final int RANGE_SIZE = 0x4000;
    private static final int NOTIFY_MULTIPLIER = 4;

    // Capabilities, §4.1.4
    private static final int VENDOR_SPECIFIC = 0x09;
    private static final int COMMON_TYPE = 1;
    private static final int NOTIFY_TYPE = 2;
    private static final int INTERRUPT_STATUS_TYPE = 3;
    private static final int DEVICE_TYPE = 4;
    private static final int ACCESS_TYPE = 5;
    private static final int CAPABILITY_SIZE = 16;
    private static final int NOTIFY_CAPABILITY_SIZE = 20;
    private static final int ACCESS_CAPABILITY_SIZE = 20;
    private static final int FIRST_CAPABILITY = 0x40;

    // The access capability: a window to the memory range through configuration space, §4.1.4.9
    private static final int ACCESS = 0x84;
    private static final int ACCESS_BAR = ACCESS + 4;
    private static final int ACCESS_OFFSET = ACCESS + 8;
    private static final int ACCESS_LENGTH = ACCESS + 12;
    private static final int ACCESS_DATA = ACCESS + 16;

    // Common configuration structure, §4.1.4.3
    private static final int DEVICE_FEATURE_SELECT = 0x00;
    private static final int DEVICE_FEATURE = 0x04;
    private static final int DRIVER_FEATURE_SELECT = 0x08;
    private static final int DRIVER_FEATURE = 0x0C;
    private static final int CONFIG_VECTOR = 0x10;
    private static final int QUEUE_COUNT = 0x12;
    private static final int STATUS = 0x14;
    private static final int CONFIG_GENERATION = 0x15;
    private static final int QUEUE_SELECT = 0x16;
    private static final int QUEUE_SIZE = 0x18;
    private static final int QUEUE_VECTOR = 0x1A;
    private static final int QUEUE_ENABLE = 0x1C;
    private static final int QUEUE_NOTIFY_OFFSET = 0x1E;
    private static final int QUEUE_DESCRIPTORS = 0x20;
    private static final int QUEUE_DRIVER = 0x28;
    private static final int QUEUE_DEVICE = 0x30;
    private static final int NO_VECTOR = 0xFFFF;

    // Device status, §2.1
    private static final int DRIVER_OK = 0x04;
    private static final int FEATURES_OK = 0x08;
    private static final int NEEDS_RESET = 0x40;

    private static final int QUEUE_INTERRUPT = 0x01;
    private static final int CONFIGURATION_INTERRUPT = 0x02;
    private static final long VERSION_1 = 1L << 32;

    private final VirtioDevice device;
    private final List<Virtqueue> queues;
    private int status;
    private int deviceFeatureSelect;
    private int driverFeatureSelect;
    private long driverFeatures;
    private int queueSelect;
    private int interruptStatus;

    /**
     * Puts a device on PCI.
     *
     * @param memory what the device reaches by DMA
     */
    VirtioPci(VirtioDevice device, GuestMemory memory) {
        super(device.name(), VENDOR, FIRST_MODERN_DEVICE + device.deviceId(), MODERN_REVISION, device.classCode());
        this.device = device;
        queues = Stream.generate(() -> new Virtqueue(memory))
                .limit(device.queueCount())
                .toList();
        memoryRange(RANGE_SIZE, this);
        usesInterrupt();
        describeStructures();
    }

    private void describeStructures() {
        ConfigurationSpace space = configuration();
        space.set(ConfigurationSpace.SUBSYSTEM_VENDOR_ID, 2, VENDOR);
        space.set(ConfigurationSpace.SUBSYSTEM_ID, 2, 0x40 + device.deviceId());
        space.set(ConfigurationSpace.STATUS, 2, ConfigurationSpace.STATUS_CAPABILITIES);
        space.set(ConfigurationSpace.CAPABILITIES_POINTER, 1, FIRST_CAPABILITY);
        int notify = FIRST_CAPABILITY + CAPABILITY_SIZE;
        int interruptStatusAt = notify + NOTIFY_CAPABILITY_SIZE;
        int deviceAt = interruptStatusAt + CAPABILITY_SIZE;
        capability(FIRST_CAPABILITY, notify, CAPABILITY_SIZE, COMMON_TYPE, COMMON);
        capability(notify, interruptStatusAt, NOTIFY_CAPABILITY_SIZE, NOTIFY_TYPE, NOTIFY);
        space.set(notify + CAPABILITY_SIZE, 4, NOTIFY_MULTIPLIER);
        capability(interruptStatusAt, deviceAt, CAPABILITY_SIZE, INTERRUPT_STATUS_TYPE, INTERRUPT_STATUS);
        capability(deviceAt, ACCESS, CAPABILITY_SIZE, DEVICE_TYPE, DEVICE);
        space.set(ACCESS, 4, VENDOR_SPECIFIC | ACCESS_CAPABILITY_SIZE << 16 | ACCESS_TYPE << 24);
        space.allowWrites(ACCESS_BAR, 1, 0xFF);
        space.allowWrites(ACCESS_OFFSET, 4, -1);
        space.allowWrites(ACCESS_LENGTH, 4, -1);
    }

    private void capability(int at, int next, int size, int type, int offset) {
        ConfigurationSpace space = configuration();
        space.set(at, 4, VENDOR_SPECIFIC | next << 8 | size << 16 | type << 24);
        space.set(at + 8, 4, offset); // in base address register 0
        space.set(at + 12, 4, STRUCTURE_SIZE);
    }

    // ---- access through configuration space ----

    @Override
    public int readConfiguration(int offset, int size) {
        if (offset == ACCESS_DATA && accessIsValid(size)) {
            configuration().set(ACCESS_DATA, size, (int) read(configuration().get(ACCESS_OFFSET, 4), size));
        }
        return super.readConfiguration(offset, size);
    }

    @Override
    public void writeConfiguration(int offset, int size, int value) {
        super.writeConfiguration(offset, size, value);
        if (offset == ACCESS_DATA && accessIsValid(size)) {
            long bits = size == Integer.BYTES ? 0xFFFF_FFFFL : (1L << size * Byte.SIZE) - 1;
            write(configuration().get(ACCESS_OFFSET, 4), size, value & bits);
        }
    }

    private boolean accessIsValid(int size) {
        int offset = configuration().get(ACCESS_OFFSET, 4);
        return configuration().get(ACCESS_BAR, 1) == 0
                && configuration().get(ACCESS_LENGTH, 4) == size
                && offset >= 0
                && offset <= RANGE_SIZE - size
                && offset % size == 0;
    }

    // ---- registers ----

    @Override
    public long read(long offset, int size) {
        int within = (int) offset & (STRUCTURE_SIZE - 1);
        return switch ((int) offset & -STRUCTURE_SIZE) {
            case COMMON -> readCommon(within);
            case INTERRUPT_STATUS -> within == 0 ? takeInterruptStatus() : 0;
            case DEVICE -> readDeviceConfiguration(within, size);
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        int within = (int) offset & (STRUCTURE_SIZE - 1);
        switch ((int) offset & -STRUCTURE_SIZE) {
            case COMMON -> writeCommon(within, size, value);
            case NOTIFY -> serve(within / NOTIFY_MULTIPLIER);
            default -> {} // device configuration is read-only
        }
    }

    private long readDeviceConfiguration(int offset, int size) {
        byte[] fields = device.configuration();
        long value = 0;
        for (int i = 0; i < size; i++) {
            long field = offset + i < fields.length ? fields[offset + i] & 0xFFL : 0;
            value |= field << (i * Byte.SIZE);
        }
        return value;
    }

    private long readCommon(int offset) {
        return switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> featureWord(offeredFeatures(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> featureWord(driverFeatures, driverFeatureSelect);
            case CONFIG_VECTOR, QUEUE_VECTOR -> NO_VECTOR; // no MSI-X
            case QUEUE_COUNT -> queues.size();
            case STATUS -> status;
            case CONFIG_GENERATION -> device.configurationGeneration();
            case QUEUE_SELECT -> queueSelect;
            default -> queueSelect < queues.size() ? readQueue(queues.get(queueSelect), offset) : 0;
        };
    }

    private long readQueue(Virtqueue queue, int offset) {
        return switch (offset) {
            case QUEUE_SIZE -> queue.size();
            case QUEUE_ENABLE -> queue.enabled() ? 1 : 0;
            case QUEUE_NOTIFY_OFFSET -> queueSelect;
            case QUEUE_DESCRIPTORS -> queue.descriptors();
            case QUEUE_DESCRIPTORS + 4 -> queue.descriptors() >>> 32;
            case QUEUE_DRIVER -> queue.available();
            case QUEUE_DRIVER + 4 -> queue.available() >>> 32;
            case QUEUE_DEVICE -> queue.used();
            case QUEUE_DEVICE + 4 -> queue.used() >>> 32;
            default -> 0;
        };
    }

    private void writeCommon(int offset, int size, long value) {
        switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = (int) value;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = (int) value;
            case DRIVER_FEATURE -> writeDriverFeatures((int) value);
            case STATUS -> writeStatus((int) value & 0xFF);
            case QUEUE_SELECT -> queueSelect = (int) value & 0xFFFF;
            default -> {
                // Set-up is frozen once the queue is live (§4.1.4.3.2).
                if (queueSelect < queues.size() && !queues.get(queueSelect).enabled()) {
                    writeQueue(queues.get(queueSelect), offset, size, value);
                }
            }
        }
    }

    private static void writeQueue(Virtqueue queue, int offset, int size, long value) {
        switch (offset) {
            case QUEUE_SIZE -> queue.size((int) value & 0xFFFF);
            case QUEUE_ENABLE -> {
                if (value == 1) {
                    queue.enable();
                }
            }
            case QUEUE_DESCRIPTORS -> queue.descriptors(lowPart(queue.descriptors(), size, value));
            case QUEUE_DESCRIPTORS + 4 -> queue.descriptors(highPart(queue.descriptors(), value));
            case QUEUE_DRIVER -> queue.available(lowPart(queue.available(), size, value));
            case QUEUE_DRIVER + 4 -> queue.available(highPart(queue.available(), value));
            case QUEUE_DEVICE -> queue.used(lowPart(queue.used(), size, value));
            case QUEUE_DEVICE + 4 -> queue.used(highPart(queue.used(), value));
            default -> {}
        }
    }

    private static long lowPart(long old, int size, long value) {
        return size == Long.BYTES ? value : (old & 0xFFFF_FFFF_0000_0000L) | (value & 0xFFFF_FFFFL);
    }

    private static long highPart(long old, long value) {
        return (old & 0xFFFF_FFFFL) | value << 32;
    }

    // ---- negotiation, §3.1 ----

    private long offeredFeatures() {
        return VERSION_1 | device.features();
    }

    private static long featureWord(long features, int select) {
        return select == 0 || select == 1 ? features >>> (select * Integer.SIZE) & 0xFFFF_FFFFL : 0;
    }

    private void writeDriverFeatures(int word) {
        if ((status & FEATURES_OK) != 0 || (driverFeatureSelect & ~1) != 0) {
            return;
        }
        int shift = driverFeatureSelect * Integer.SIZE;
        driverFeatures = (driverFeatures & ~(0xFFFF_FFFFL << shift)) | (word & 0xFFFF_FFFFL) << shift;
    }

    private void writeStatus(int value) {
        if (value == 0) {
            resetDevice();
            return;
        }
        boolean acceptable = (driverFeatures & VERSION_1) != 0 && (driverFeatures & ~offeredFeatures()) == 0;
        int granted = acceptable ? value : value & ~FEATURES_OK;
        status = granted | (status & NEEDS_RESET);
    }

    private void resetDevice() {
        status = 0;
        driverFeatures = 0;
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
        interruptStatus = 0;
        queues.forEach(Virtqueue::reset);
        device.reset();
        interrupt(false);
    }

    // ---- queues and interrupts ----

    /** Lets the device serve a queue, because the driver notified it or because the device has something for it. */
    void serve(int index) {
        if (!isLive() || index >= queues.size() || !queues.get(index).enabled()) {
            return;
        }
        try {
            Virtqueue queue = queues.get(index);
            int before = queue.usedIndex();
            device.serve(index, queues);
            if (queue.usedIndex() != before && queue.wantsInterrupt()) {
                raise(QUEUE_INTERRUPT);
            }
        } catch (MalformedRingException e) {
            status |= NEEDS_RESET;
            raise(CONFIGURATION_INTERRUPT);
        }
    }

    private boolean isLive() {
        return (status & DRIVER_OK) != 0 && (status & NEEDS_RESET) == 0;
    }

    /** Tells the driver that the device's configuration is another. */
    void configurationChanged() {
        if (isLive()) {
            raise(CONFIGURATION_INTERRUPT);
        }
    }

    private void raise(int cause) {
        interruptStatus |= cause;
        interrupt(true);
    }

    private int takeInterruptStatus() {
        int taken = interruptStatus;
        interruptStatus = 0;
        interrupt(false);
        return taken;
    }

    // ---- state ----

    /** Everything but configuration space, which the PCI bus saves. */
    public VirtioState save() {
        VirtioState.Builder state = VirtioState.newBuilder()
                .setName(name())
                .setStatus(status)
                .setDeviceFeatureSelect(deviceFeatureSelect)
                .setDriverFeatureSelect(driverFeatureSelect)
                .setDriverFeatures(driverFeatures)
                .setQueueSelect(queueSelect)
                .setInterruptStatus(interruptStatus)
                .setDevice(device.save());
        for (Virtqueue queue : queues) {
            state.addQueues(queue.save());
        }
        return state.build();
    }

    public void restore(VirtioState state) {
        if (!state.getName().equals(name())) {
            throw new IllegalArgumentException("saved state of " + state.getName() + " for " + name());
        }
        status = state.getStatus();
        deviceFeatureSelect = state.getDeviceFeatureSelect();
        driverFeatureSelect = state.getDriverFeatureSelect();
        driverFeatures = state.getDriverFeatures();
        queueSelect = state.getQueueSelect();
        interruptStatus = state.getInterruptStatus();
        device.restore(state.getDevice());
        List<VirtqueueState> saved = state.getQueuesList();
        for (int i = 0; i < queues.size(); i++) {
            queues.get(i).restore(saved.get(i));
        }
    }
}
