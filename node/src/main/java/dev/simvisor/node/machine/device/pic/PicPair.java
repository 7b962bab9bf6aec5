package dev.simvisor.node.machine.device.pic;

import dev.simvisor.proto.state.PicPairState;

/** The two 8259As of a PC: the second one's INT drives pin 2 of the first. Interrupt requests are numbered 0 to 15. */
public final class PicPair {
    private static final int CASCADE_PIN = 2;
    private static final int SECOND = 8;

    /** Requests 0, 1, 2, 8 and 13 cannot be made level-triggered (EISA specification; PIIX4 data sheet §4.2.5). */
    private static final int FIRST_LEVEL_MASK = 0xF8;

    private static final int SECOND_LEVEL_MASK = 0xDE;

    private final Pic8259 first = new Pic8259(1 << CASCADE_PIN);
    private final Pic8259 second = new Pic8259(0);

    /** Drives interrupt request {@code irq}, 0 to 15 without 2. */
    public void line(int irq, boolean asserted) {
        if (irq < SECOND) {
            first.line(irq, asserted);
        } else {
            second.line(irq - SECOND, asserted);
            cascade();
        }
    }

    /** The INT pin towards the processor. */
    public boolean requestsService() {
        return first.requestsService();
    }

    /** The INTA cycle: returns the vector. */
    public int acknowledge() {
        int pin = first.acknowledgePin();
        if (pin != CASCADE_PIN) {
            return first.vectorOf(pin);
        }
        int secondPin = second.acknowledgePin();
        cascade();
        return second.vectorOf(secondPin);
    }

    public int readFirst(int a0) {
        return first.read(a0);
    }

    public void writeFirst(int a0, int value) {
        first.write(a0, value);
    }

    public int readSecond(int a0) {
        int value = second.read(a0);
        cascade();
        return value;
    }

    public void writeSecond(int a0, int value) {
        second.write(a0, value);
        cascade();
    }

    /** ELCR1 (0) and ELCR2 (1). */
    public int readLevelControl(int offset) {
        return offset == 0 ? first.levelTriggered() : second.levelTriggered();
    }

    public void writeLevelControl(int offset, int value) {
        if (offset == 0) {
            first.levelTriggered(value & FIRST_LEVEL_MASK);
        } else {
            second.levelTriggered(value & SECOND_LEVEL_MASK);
            cascade();
        }
    }

    private void cascade() {
        first.line(CASCADE_PIN, second.requestsService());
    }

    public PicPairState save() {
        return PicPairState.newBuilder()
                .setFirst(first.save())
                .setSecond(second.save())
                .build();
    }

    public void restore(PicPairState state) {
        first.restore(state.getFirst());
        second.restore(state.getSecond());
    }
}
