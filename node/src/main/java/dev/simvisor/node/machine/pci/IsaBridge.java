package dev.simvisor.node.machine.pci;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.device.InterruptLine;
import java.util.function.IntFunction;

/**
 * The PCI to ISA bridge of Intel's 82371SB (PIIX3), as far as it routes interrupts: firmware says in its registers which
 * interrupt request each of the pins PIRQA# to PIRQD# raises (82371SB data sheet §2.2.9).
 */
public final class IsaBridge extends PciFunction {
    /** Pins that the slots' interrupts share. */
    public static final int PINS = 4;

    private static final int VENDOR = 0x8086;
    private static final int DEVICE = 0x7000;
    private static final int ISA_BRIDGE = 0x060100;

    private static final int ROUTE_CONTROL = 0x60;
    private static final int NOT_ROUTED = 0x80;
    private static final int REQUEST = 0x0F;
    private static final int REQUESTS = 16;

    /** Requests that can be routed to: not those of the timer, the keyboard, the cascade, the clock and the coprocessor. */
    private static final int ROUTABLE = 0xDEF8;

    private final IntFunction<InterruptLine> interruptLines;
    private final IntFunction<InterruptLine> pinLines;
    /** Pins that are asserted, a bit each. */
    private int asserted;
    /** Requests that are raised, a bit each. */
    private int raised;

    /**
     * @param interruptLines the line of each interrupt request
     * @param pinLines where each pin also leads, however it is routed: an I/O APIC has inputs of its own for them
     */
    public IsaBridge(IntFunction<InterruptLine> interruptLines, IntFunction<InterruptLine> pinLines) {
        super("ISA bridge", VENDOR, DEVICE, 0, ISA_BRIDGE);
        this.interruptLines = interruptLines;
        this.pinLines = pinLines;
        configuration().set(ConfigurationSpace.HEADER_TYPE, 1, ConfigurationSpace.SEVERAL_FUNCTIONS);
        for (int pin = 0; pin < PINS; pin++) {
            configuration().set(ROUTE_CONTROL + pin, 1, NOT_ROUTED);
            configuration().allowWrites(ROUTE_CONTROL + pin, 1, NOT_ROUTED | REQUEST);
        }
    }

    /** A pin, 0 for PIRQA#. */
    InterruptLine pin(int pin) {
        return level -> {
            pinLines.apply(pin).set(level);
            asserted = level ? asserted | 1 << pin : asserted & ~(1 << pin);
            drive();
        };
    }

    @Override
    public void writeConfiguration(int offset, int size, int value) {
        super.writeConfiguration(offset, size, value);
        drive();
    }

    /** The levels of requests are part of the interrupt controllers' state; the pins are driven again by those that assert them. */
    @Override
    public void restoreConfiguration(ByteString saved) {
        // What stands in a slot drives its pin once it is restored itself; none may be driven by what was.
        asserted = 0;
        raised = 0;
        super.restoreConfiguration(saved);
        asserted = 0;
        raised = 0;
    }

    private void drive() {
        int wanted = 0;
        for (int pin = 0; pin < PINS; pin++) {
            int route = configuration().get(ROUTE_CONTROL + pin, 1);
            int request = 1 << (route & REQUEST);
            boolean routed = (route & NOT_ROUTED) == 0 && (request & ROUTABLE) != 0;
            if (routed && (asserted & 1 << pin) != 0) {
                wanted |= request;
            }
        }
        int changed = wanted ^ raised;
        raised = wanted;
        for (int request = 0; request < REQUESTS; request++) {
            if ((changed & 1 << request) != 0) {
                interruptLines.apply(request).set((wanted & 1 << request) != 0);
            }
        }
    }
}
