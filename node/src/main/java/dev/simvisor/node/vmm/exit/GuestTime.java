package dev.simvisor.node.vmm.exit;

import dev.simvisor.node.cpu.Cpu;
import java.util.function.LongConsumer;

/**
 * The time of a virtual processor whose guest a physical one executes. The board's clock goes by the virtual processor, so that
 * is told how far the guest is whenever time is read or passes in the midst of its execution.
 */
public final class GuestTime {
    private final Cpu virtual;
    private final Cpu physical;
    private boolean inGuest;

    public GuestTime(Cpu virtual, Cpu physical) {
        this.virtual = virtual;
        this.physical = physical;
        physical.timestampCounter = this::cycles;
        physical.onPause(this::pause);
    }

    /** The physical processor executes the guest from now on. */
    public void enterGuest() {
        inGuest = true;
    }

    /** The physical processor has stopped. */
    public void leaveGuest() {
        inGuest = false;
    }

    public boolean isInGuest() {
        return inGuest;
    }

    private long cycles() {
        countForVirtual();
        return virtual.timestampCounter.cycles();
    }

    private void countForVirtual() {
        virtual.completedInstructions = physical.completedInstructions;
        virtual.position = physical.position;
    }

    /**
     * Lets time pass. Whatever that makes due, the instruction that it is about is completed.
     *
     * @param clock advances the board's clock by virtual cycles, and the virtual processor's limit with it
     */
    public void charge(LongConsumer clock, long cycles) {
        if (!inGuest) {
            clock.accept(cycles);
            return;
        }
        countForVirtual();
        clock.accept(cycles);
        virtual.position = 0;
        physical.runLimit = Math.min(physical.runLimit, virtual.runLimit);
        physical.endBlock();
    }

    /** What the guest waits for may be another virtual processor. */
    private void pause() {
        if (!inGuest) return;
        countForVirtual();
        virtual.pause();
        virtual.position = 0;
        if (virtual.runLimit >= physical.runLimit) return;
        physical.runLimit = virtual.runLimit;
        physical.endBlock();
    }
}
