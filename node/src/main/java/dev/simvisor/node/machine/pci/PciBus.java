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
 * address at 0 and the data at 4. Slot 0 of the 32 is the host bridge.
 */
public final class PciBus implements Registers {
    public static final int SLOTS = 32;

    private static final int FUNCTIONS_OF_SLOT = 8;

    /** Interrupts that the slots' INTA# pins share; free of ISA devices, so they serve the 8259As and the I/O APIC alike. */
    private static final int[] INTERRUPTS = {10, 11};

    private static final int ISA_BRIDGE_SLOT = 1;
    private static final int DATA = 4;
    private static final int ENABLE = 0x8000_0000;
    private static final int BUS = 0x00FF_0000;
    private static final int ADDRESS_WRITABLE = 0x80FF_FFFC;

    private final Bus memoryBus;
    /** By slot, and by number within it. */
    private final @Nullable PciFunction[] functions = new PciFunction[SLOTS * FUNCTIONS_OF_SLOT];

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
     * @param powerManagement goes into the same slot
     */
    public PciBus(Bus memoryBus, IsaBridge isaBridge, PowerManagement powerManagement) {
        this.memoryBus = memoryBus;
        shareLines(IsaBridge.PINS, isaBridge::pin, ISA_BRIDGE_SLOT);
        plug(ISA_BRIDGE_SLOT, isaBridge);
        plug(ISA_BRIDGE_SLOT, PowerManagement.FUNCTION, powerManagement);
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
        plug(slot, 0, function);
    }

    private void plug(int slot, int number, PciFunction function) {
        int place = slot * FUNCTIONS_OF_SLOT + number;
        PciFunction before = functions[place];
        if (before != null) {
            throw new IllegalArgumentException("PCI slot " + slot + " already holds " + before.name());
        }
        functions[place] = function;
        function.connect(memoryBus, slotInterrupts[slot]);
    }

    /** Does what firmware does at power-on: gives each memory range an address from {@code start} up and enables it. */
    public void assignResources(long start) {
        long next = start;
        for (int slot = 0; slot < SLOTS; slot++) {
            PciFunction function = functions[slot * FUNCTIONS_OF_SLOT];
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

    /** The function that the address names, on bus 0. */
    private @Nullable PciFunction addressed() {
        boolean present = (address & ENABLE) != 0 && (address & BUS) == 0;
        return present ? functions[address >> 8 & functions.length - 1] : null;
    }

    // ---- state ----

    public PciState save() {
        PciState.Builder state = PciState.newBuilder().setAddress(address);
        for (int place = 0; place < functions.length; place++) {
            PciFunction function = functions[place];
            if (function != null) {
                state.addFunctions(PciFunctionState.newBuilder()
                        .setSlot(place / FUNCTIONS_OF_SLOT)
                        .setFunction(place % FUNCTIONS_OF_SLOT)
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
            PciFunction function = functions[saved.getSlot() * FUNCTIONS_OF_SLOT + saved.getFunction()];
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
