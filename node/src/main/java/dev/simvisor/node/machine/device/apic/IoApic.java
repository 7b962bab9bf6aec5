package dev.simvisor.node.machine.device.apic;

import dev.simvisor.proto.state.IoApicState;
import java.util.Arrays;

/**
 * The 82093AA I/O APIC: 24 pins, each with a redirection entry (Intel 82093AA data sheet, 290566).
 *
 * <p>Lines carry logical levels, so an entry's polarity bit is kept and otherwise ignored.
 */
public final class IoApic {
    public static final long DEFAULT_BASE = 0xFEC0_0000L;
    public static final int PINS = 24;

    /** Memory offsets of the two registers through which the others are reached (§3.1). */
    private static final int SELECT = 0x00;

    private static final int WINDOW = 0x10;

    private static final int ID = 0x00;
    private static final int VERSION = 0x01;
    private static final int ARBITRATION = 0x02;
    private static final int REDIRECTION_TABLE = 0x10;

    private static final int VERSION_VALUE = 0x11 | (PINS - 1) << 16;

    // Redirection entry, §3.2.4
    private static final long LOGICAL_DESTINATION = 1L << 11;
    private static final long REMOTE_IRR = 1L << 14;
    private static final long LEVEL_TRIGGERED = 1L << 15;
    private static final long MASKED = 1L << 16;
    private static final long WRITABLE = 0xFF00_0000_0001_AFFFL;

    private final ApicBus bus;
    private final long[] redirection = new long[PINS];
    private int id;
    private int selected;
    private int lines;

    /** @param bus leads to the local APICs that messages are sent to */
    public IoApic(int id, ApicBus bus) {
        this.id = id;
        this.bus = bus;
        Arrays.fill(redirection, MASKED);
    }

    /** Drives an interrupt input pin. */
    public void line(int pin, boolean asserted) {
        boolean was = (lines >> pin & 1) != 0;
        lines = asserted ? lines | 1 << pin : lines & ~(1 << pin);
        boolean level = (redirection[pin] & LEVEL_TRIGGERED) != 0;
        if (asserted && (level || !was)) {
            deliver(pin);
        }
    }

    /** A processor finished serving a level-triggered vector; a line still asserted asks again. */
    public void endOfInterrupt(int vector) {
        for (int pin = 0; pin < PINS; pin++) {
            if ((redirection[pin] & 0xFF) == vector && (redirection[pin] & REMOTE_IRR) != 0) {
                redirection[pin] &= ~REMOTE_IRR;
                deliverLevel(pin);
            }
        }
    }

    private void deliverLevel(int pin) {
        if ((redirection[pin] & LEVEL_TRIGGERED) != 0 && (lines >> pin & 1) != 0) {
            deliver(pin);
        }
    }

    private void deliver(int pin) {
        long entry = redirection[pin];
        if ((entry & (MASKED | REMOTE_IRR)) != 0) {
            return;
        }
        boolean level = (entry & LEVEL_TRIGGERED) != 0;
        if (level) {
            redirection[pin] |= REMOTE_IRR;
        }
        boolean logical = (entry & LOGICAL_DESTINATION) != 0;
        bus.send((int) (entry >>> 56), logical, (int) entry & 0xFF, (int) (entry >> 8) & 7, level, null);
    }

    // ---- registers ----

    public int read(int offset) {
        return switch (offset) {
            case SELECT -> selected;
            case WINDOW -> readSelected();
            default -> 0;
        };
    }

    public void write(int offset, int value) {
        switch (offset) {
            case SELECT -> selected = value & 0xFF;
            case WINDOW -> writeSelected(value);
            default -> {}
        }
    }

    private int readSelected() {
        if (isRedirection()) {
            long entry = redirection[selected - REDIRECTION_TABLE >> 1];
            return (int) ((selected & 1) == 0 ? entry : entry >>> 32);
        }
        return switch (selected) {
            case ID, ARBITRATION -> id << 24;
            case VERSION -> VERSION_VALUE;
            default -> 0;
        };
    }

    private void writeSelected(int value) {
        if (isRedirection()) {
            writeRedirection(selected - REDIRECTION_TABLE >> 1, value);
        } else if (selected == ID) {
            id = value >>> 24 & 0xF;
        }
    }

    private boolean isRedirection() {
        return selected >= REDIRECTION_TABLE && selected < REDIRECTION_TABLE + 2 * PINS;
    }

    private void writeRedirection(int pin, int value) {
        long written = (selected & 1) == 0
                ? (redirection[pin] & 0xFFFF_FFFF_0000_0000L) | (value & 0xFFFF_FFFFL)
                : (redirection[pin] & 0xFFFF_FFFFL) | (long) value << 32;
        long entry = (written & WRITABLE) | (redirection[pin] & ~WRITABLE);
        // An entry made edge-triggered forgets the level it waited for; Linux relies on it to clear a stuck one.
        redirection[pin] = (entry & LEVEL_TRIGGERED) == 0 ? entry & ~REMOTE_IRR : entry;
        deliverLevel(pin);
    }

    // ---- state ----

    public IoApicState save() {
        IoApicState.Builder state =
                IoApicState.newBuilder().setId(id).setSelected(selected).setLines(lines);
        for (long entry : redirection) {
            state.addRedirection(entry);
        }
        return state.build();
    }

    public void restore(IoApicState state) {
        id = state.getId();
        selected = state.getSelected();
        lines = state.getLines();
        for (int pin = 0; pin < PINS; pin++) {
            redirection[pin] = state.getRedirection(pin);
        }
    }
}
