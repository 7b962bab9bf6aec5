package dev.simvisor.node.machine.pci;

import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.bus.Registers;
import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.proto.state.PciFunctionState;
import dev.simvisor.proto.state.PciState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * PCI bus 0, reached by configuration mechanism #1 (PCI Local Bus Specification 3.0 §3.2.2.3.2): its registers are the
 * address at 0 and the data at 4. Each of the 32 slots holds one function at most; slot 0 is the host bridge.
 */
public final class PciBus implements Registers {
    public static final int SLOTS = 32;

    /** Interrupts that the slots' INTA# pins share; free of ISA devices, so they serve the 8259As and the I/O APIC alike. */
    private static final int[] INTERRUPTS = {10, 11};

    private static final int ISA_BRIDGE_SLOT = 1;
    private static final int DATA = 4;
    private static final int ENABLE = 0x8000_0000;
    private static final int ADDRESS_WRITABLE = 0x80FF_FFFC;

    private final Bus memoryBus;
    private final @Nullable PciFunction[] slots = new PciFunction[SLOTS];
    private final InterruptLine[] slotInterrupts = new InterruptLine[SLOTS];
    private final List<SharedLine> lines = new ArrayList<>();
    private int address;

    /**
     * A bus whose interrupts are wired.
     *
     * @param memoryBus where memory ranges appear
     * @param interruptLines the line of each interrupt number
     */
    public PciBus(Bus memoryBus, IntFunction<InterruptLine> interruptLines) {
        this.memoryBus = memoryBus;
        shareLines(INTERRUPTS.length, line -> interruptLines.apply(INTERRUPTS[line]), 0);
    }

    /**
     * A bus whose interrupts firmware routes.
     *
     * @param memoryBus where memory ranges appear
     * @param isaBridge goes into slot 1, whose INTA# is PIRQA#; the slots that follow have the next pins in turn
     */
    public PciBus(Bus memoryBus, IsaBridge isaBridge) {
        this.memoryBus = memoryBus;
        shareLines(IsaBridge.PINS, isaBridge::pin, ISA_BRIDGE_SLOT);
        plug(ISA_BRIDGE_SLOT, isaBridge);
    }

    /** Slots share lines in turn, of which {@code firstSlot} has the first. */
    private void shareLines(int count, IntFunction<InterruptLine> wires, int firstSlot) {
        SharedLine[] shared = new SharedLine[count];
        for (int i = 0; i < count; i++) {
            shared[i] = new SharedLine(wires.apply(i));
            lines.add(shared[i]);
        }
        for (int slot = 0; slot < SLOTS; slot++) {
            SharedLine line = shared[Math.floorMod(slot - firstSlot, count)];
            int bit = 1 << slot;
            slotInterrupts[slot] = asserted -> line.drive(bit, asserted);
        }
    }

    /** The interrupts that INTA# of the slots is wired to, in turn, where firmware does not route them. */
    public static List<Integer> wiredInterrupts() {
        return Arrays.stream(INTERRUPTS).boxed().toList();
    }

    /** The one of them that a slot's is wired to. */
    public static int interruptOf(int slot) {
        return INTERRUPTS[slot % INTERRUPTS.length];
    }

    /** Puts a function into a slot, 0 to 31, that is empty. */
    public void plug(int slot, PciFunction function) {
        if (slots[slot] != null) {
            throw new IllegalArgumentException("PCI slot " + slot + " already holds " + slots[slot].name());
        }
        slots[slot] = function;
        function.connect(memoryBus, slotInterrupts[slot]);
    }

    /** Does what firmware does at power-on: gives each memory range an address from {@code start} up and enables it. */
    public void assignResources(long start) {
        long next = start;
        for (int slot = 0; slot < SLOTS; slot++) {
            PciFunction function = slots[slot];
            if (function == null || function.memoryRangeSize() == 0) {
                continue;
            }
            int size = function.memoryRangeSize();
            next = (next + size - 1) & -size;
            function.writeConfiguration(ConfigurationSpace.BASE_ADDRESS, 4, (int) next);
            function.writeConfiguration(ConfigurationSpace.INTERRUPT_LINE, 1, interruptOf(slot));
            function.writeConfiguration(ConfigurationSpace.COMMAND, 2, ConfigurationSpace.COMMAND_MEMORY);
            next += size;
        }
    }

    // ---- configuration mechanism #1 ----

    @Override
    public long read(long offset, int size) {
        if (offset < DATA) {
            return offset == 0 && size == 4 ? address : -1; // only doublewords reach the address register
        }
        PciFunction function = addressed();
        return function == null ? -1 : function.readConfiguration(registerAt(offset), size);
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset < DATA) {
            if (offset == 0 && size == 4) {
                address = (int) value & ADDRESS_WRITABLE;
            }
            return;
        }
        PciFunction function = addressed();
        if (function != null) {
            function.writeConfiguration(registerAt(offset), size, (int) value);
        }
    }

    private int registerAt(long offset) {
        return (address & 0xFC) + (int) (offset - DATA);
    }

    /** The function that the address names: bus 0, function 0. */
    private @Nullable PciFunction addressed() {
        boolean present = (address & ENABLE) != 0 && (address & 0x00FF_0700) == 0;
        return present ? slots[address >> 11 & (SLOTS - 1)] : null;
    }

    // ---- state ----

    public PciState save() {
        PciState.Builder state = PciState.newBuilder().setAddress(address);
        for (int slot = 0; slot < SLOTS; slot++) {
            PciFunction function = slots[slot];
            if (function != null) {
                state.addFunctions(PciFunctionState.newBuilder()
                        .setSlot(slot)
                        .setName(function.name())
                        .setConfiguration(function.saveConfiguration()));
            }
        }
        return state.build();
    }

    public void restore(PciState state) {
        address = state.getAddress();
        // Each function says anew whether it asserts its own.
        lines.forEach(line -> line.asserting = 0);
        for (PciFunctionState saved : state.getFunctionsList()) {
            PciFunction function = slots[saved.getSlot()];
            if (function == null || !function.name().equals(saved.getName())) {
                throw new IllegalArgumentException("saved state has " + saved.getName() + " in PCI slot "
                        + saved.getSlot() + ", this machine has not");
            }
            function.restoreConfiguration(saved.getConfiguration());
        }
    }

    /** A line that several slots may pull at once. */
    private static final class SharedLine {
        private final InterruptLine line;
        private int asserting;

        SharedLine(InterruptLine line) {
            this.line = line;
        }

        void drive(int bit, boolean asserted) {
            asserting = asserted ? asserting | bit : asserting & ~bit;
            line.set(asserting != 0);
        }
    }
}
