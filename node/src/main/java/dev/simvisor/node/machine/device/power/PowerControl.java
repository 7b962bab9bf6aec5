package dev.simvisor.node.machine.device.power;

import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.PowerState;

/**
 * ACPI fixed hardware: PM1 event and control blocks, the power management timer and the reset register (ACPI 6.5 §4.8),
 * and the PC's system control port A. ACPI mode is always on; there is no SMI.
 */
public final class PowerControl {
    /** Rate of the power management timer, three times that of the 8254. */
    public static final long TIMER_HERTZ = 3_579_545;

    /** What the DSDT's \_S5 package says to write to SLP_TYP to turn off. */
    public static final int SLEEP_TYPE_OFF = 5;

    /** What the FADT says to write to the reset register. */
    public static final int RESET_VALUE = 0x06;

    private static final int PM1_TIMER_STATUS = 1;
    private static final int PM1_POWER_BUTTON = 1 << 8;
    private static final int PM1_EVENTS = 0x721; // timer, global lock, power button, sleep button and RTC
    private static final int PM1_SCI_ENABLE = 1;
    private static final int PM1_SLEEP_ENABLE = 1 << 13;
    private static final int PM1_SLEEP_TYPE_SHIFT = 10;
    private static final int CONTROL_KEPT = 0x1C03 | PM1_SCI_ENABLE;
    private static final int SYSTEM_CONTROL_FAST_RESET = 0x01;
    private static final int RESET_CPU = 0x04; // port CF9h: a rising edge of this bit resets

    private final VirtualClock clock;
    private final InterruptLine systemControlInterrupt;
    private final Runnable powerOff;
    private final Runnable reset;
    private int status;
    private int enable;
    private int control = PM1_SCI_ENABLE;
    private int systemControlA = 0x02; // A20 open

    /**
     * @param systemControlInterrupt the SCI
     * @param powerOff the guest asked for S5
     * @param reset the guest asked for a reset
     */
    public PowerControl(VirtualClock clock, InterruptLine systemControlInterrupt, Runnable powerOff, Runnable reset) {
        this.clock = clock;
        this.systemControlInterrupt = systemControlInterrupt;
        this.powerOff = powerOff;
        this.reset = reset;
    }

    /** Somebody presses the power button: a guest with a driver for it shuts down. */
    public void pressPowerButton() {
        status |= PM1_POWER_BUTTON;
        driveInterrupt();
    }

    /** The PM1 event block: status at 0 and 1, enable at 2 and 3. */
    public int readEvent(int offset) {
        int register = offset < 2 ? status : enable;
        return register >> ((offset & 1) * Byte.SIZE) & 0xFF;
    }

    public void writeEvent(int offset, int value) {
        int shift = (offset & 1) * Byte.SIZE;
        if (offset < 2) {
            status &= ~(value << shift); // a one clears
        } else {
            enable = ((enable & ~(0xFF << shift)) | value << shift) & PM1_EVENTS;
        }
        driveInterrupt();
    }

    /** The PM1 control block, two bytes. */
    public int readControl(int offset) {
        return control >> (offset * Byte.SIZE) & 0xFF;
    }

    public void writeControl(int offset, int value) {
        int shift = offset * Byte.SIZE;
        int written = (control & ~(0xFF << shift)) | value << shift;
        control = (written & CONTROL_KEPT) | PM1_SCI_ENABLE;
        boolean sleeps = (written & PM1_SLEEP_ENABLE) != 0;
        if (sleeps && (written >> PM1_SLEEP_TYPE_SHIFT & 7) == SLEEP_TYPE_OFF) {
            powerOff.run();
        }
    }

    /** The power management timer, 32 bits wide. */
    public int readTimer() {
        return (int) clock.toTicks(clock.cycles(), TIMER_HERTZ);
    }

    /** The reset control register of port CF9h. */
    public void writeResetControl(int value) {
        if ((value & RESET_CPU) != 0) {
            reset.run();
        }
    }

    /** System control port A, port 92h. */
    public int systemControl() {
        return systemControlA;
    }

    public void systemControl(int value) {
        systemControlA = value & ~SYSTEM_CONTROL_FAST_RESET;
        if ((value & SYSTEM_CONTROL_FAST_RESET) != 0) {
            reset.run();
        }
    }

    /** The timer's carry is not reported: its status bit stays clear, which the FADT's 32-bit timer makes rare to need. */
    private void driveInterrupt() {
        systemControlInterrupt.set((status & enable & ~PM1_TIMER_STATUS) != 0);
    }

    public PowerState save() {
        return PowerState.newBuilder()
                .setStatus(status)
                .setEnable(enable)
                .setControl(control)
                .setSystemControlA(systemControlA)
                .build();
    }

    public void restore(PowerState state) {
        status = state.getStatus();
        enable = state.getEnable();
        control = state.getControl();
        systemControlA = state.getSystemControlA();
    }
}
