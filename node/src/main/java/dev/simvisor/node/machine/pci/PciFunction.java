package dev.simvisor.node.machine.pci;

import static dev.simvisor.node.machine.pci.ConfigurationSpace.BASE_ADDRESS;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.COMMAND;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.COMMAND_INTERRUPT_DISABLE;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.COMMAND_MEMORY;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.INTERRUPT_PIN;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.STATUS;
import static dev.simvisor.node.machine.pci.ConfigurationSpace.STATUS_INTERRUPT;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.bus.Registers;
import dev.simvisor.node.machine.device.InterruptLine;
import org.jspecify.annotations.Nullable;

/**
 * A PCI function with at most one 32-bit memory range, in base address register 0, and pin INTA#.
 *
 * <p>The range stands on the memory bus while the guest has enabled memory decoding and its address is free; a guest that
 * programs an address where something stands already does not reach the device there.
 */
public class PciFunction {
    private static final long NOT_MAPPED = -1;
    private static final int COMMAND_WRITABLE = 0x0547; // decoding, bus master, parity, SERR#, interrupt disable

    private final String name;
    private final ConfigurationSpace configuration = new ConfigurationSpace();
    private int rangeSize;
    private @Nullable Registers range;
    private @Nullable Bus memoryBus;
    private long mappedAt = NOT_MAPPED;
    private InterruptLine interrupt = asserted -> {};
    private boolean interruptAsserted;

    /**
     * @param name what messages call it
     * @param classCode base class, sub-class and programming interface, 24 bits
     */
    public PciFunction(String name, int vendorId, int deviceId, int revision, int classCode) {
        this.name = name;
        configuration.set(ConfigurationSpace.VENDOR_ID, 2, vendorId);
        configuration.set(ConfigurationSpace.DEVICE_ID, 2, deviceId);
        configuration.set(ConfigurationSpace.REVISION_ID, 1, revision);
        configuration.set(ConfigurationSpace.CLASS_CODE, 3, classCode);
        configuration.allowWrites(COMMAND, 2, COMMAND_WRITABLE);
        configuration.allowWrites(ConfigurationSpace.INTERRUPT_LINE, 1, 0xFF);
    }

    public String name() {
        return name;
    }

    public ConfigurationSpace configuration() {
        return configuration;
    }

    /** Gives the function registers in memory; {@code size} is a power of two from 16 up. */
    protected final void memoryRange(int size, Registers registers) {
        rangeSize = size;
        range = registers;
        configuration.allowWrites(BASE_ADDRESS, 4, -size);
    }

    /** Whether it has registers in memory, and how many bytes of them: 0 for none. */
    public int memoryRangeSize() {
        return rangeSize;
    }

    /** Declares use of INTA#. */
    protected final void usesInterrupt() {
        configuration.set(INTERRUPT_PIN, 1, 1);
    }

    void connect(Bus memoryBus, InterruptLine interrupt) {
        this.memoryBus = memoryBus;
        this.interrupt = interrupt;
    }

    /** Drives INTA#. */
    protected final void interrupt(boolean asserted) {
        interruptAsserted = asserted;
        int status = configuration.get(STATUS, 2);
        configuration.set(STATUS, 2, asserted ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT);
        driveInterrupt();
    }

    private void driveInterrupt() {
        interrupt.set(interruptAsserted && (configuration.get(COMMAND, 2) & COMMAND_INTERRUPT_DISABLE) == 0);
    }

    /** Reads configuration space as software does. */
    public int readConfiguration(int offset, int size) {
        return configuration.get(offset, size);
    }

    /** Writes configuration space as software does. */
    public void writeConfiguration(int offset, int size, int value) {
        configuration.write(offset, size, value);
        if (offset < BASE_ADDRESS + 4) {
            mapRange();
            driveInterrupt();
        }
    }

    private void mapRange() {
        Bus bus = memoryBus;
        Registers registers = range;
        if (bus == null || registers == null) {
            return;
        }
        boolean decodes = (configuration.get(COMMAND, 2) & COMMAND_MEMORY) != 0;
        long address = configuration.get(BASE_ADDRESS, 4) & 0xFFFF_FFFFL & -rangeSize;
        long wanted = decodes ? address : NOT_MAPPED;
        if (wanted == mappedAt) {
            return;
        }
        if (mappedAt != NOT_MAPPED) {
            bus.detach(mappedAt);
            mappedAt = NOT_MAPPED;
        }
        if (wanted != NOT_MAPPED && bus.isFree(wanted, rangeSize)) {
            bus.attach(name, wanted, rangeSize, registers);
            mappedAt = wanted;
        }
    }

    public ByteString saveConfiguration() {
        return configuration.save();
    }

    public void restoreConfiguration(ByteString saved) {
        configuration.restore(saved);
        interruptAsserted = (configuration.get(STATUS, 2) & STATUS_INTERRUPT) != 0;
        mapRange();
        driveInterrupt();
    }
}
