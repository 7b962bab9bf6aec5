package dev.simvisor.node.machine.device;

/** A wire from a device to an interrupt controller. Levels are logical: polarity is the wiring's business. */
@FunctionalInterface
public interface InterruptLine {
    /** Drives the line; repeating a level changes nothing. */
    void set(boolean asserted);

    /** Makes a rising edge, whatever the level was. */
    default void pulse() {
        set(false);
        set(true);
    }
}
