package dev.simvisor.node.machine.device.pic;

import dev.simvisor.proto.state.PicState;

/** One 8259A programmable interrupt controller, in its 8086 mode (Intel 8259A data sheet, 231468). */
public final class Pic8259 {
    /** No pin asks for service. */
    public static final int NONE = -1;

    /** Pin that a spurious interrupt is reported on, when a request went away before its acknowledgement. */
    private static final int SPURIOUS_PIN = 7;

    private static final int PINS = 8;

    private static final int ICW1 = 0x10; // command with this bit starts initialization
    private static final int ICW1_NEEDS_ICW4 = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_SPECIAL_FULLY_NESTED = 0x10;
    private static final int OCW3 = 0x08;
    private static final int OCW3_READ_REGISTER = 0x02;
    private static final int OCW3_READ_ISR = 0x01;
    private static final int OCW3_POLL = 0x04;
    private static final int OCW3_SET_SPECIAL_MASK = 0x40;
    private static final int OCW3_SPECIAL_MASK = 0x20;

    /** Which byte the chip expects next at its odd address. */
    private static final int READY = 0;

    private static final int EXPECT_ICW2 = 1;
    private static final int EXPECT_ICW3 = 2;
    private static final int EXPECT_ICW4 = 3;

    /** Pins another 8259A is cascaded to; they stay open to it in special fully nested mode. */
    private final int cascadePins;

    private int lines;
    private int levelTriggered;
    private int requests;
    private int inService;
    private int mask;
    private int vectorBase;
    private int lowestPriorityPin = PINS - 1;
    private int initialization = READY;
    private boolean needsIcw4;
    private boolean single;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean specialMask;
    private boolean specialFullyNested;
    private boolean readInService;
    private boolean polled;

    public Pic8259(int cascadePins) {
        this.cascadePins = cascadePins;
    }

    // ---- pins ----

    /** Drives an interrupt request pin. */
    public void line(int pin, boolean asserted) {
        int bit = 1 << pin;
        boolean was = (lines & bit) != 0;
        lines = asserted ? lines | bit : lines & ~bit;
        if ((levelTriggered & bit) != 0) {
            requests = asserted ? requests | bit : requests & ~bit;
        } else if (asserted && !was) {
            requests |= bit;
        }
    }

    /** The INT pin: whether some pin asks for service with a priority above those in service. */
    public boolean requestsService() {
        return pinToServe() != NONE;
    }

    /** The INTA cycle's choice of pin; {@link #NONE} stands for a spurious interrupt. */
    public int acknowledgePin() {
        int pin = pinToServe();
        if (pin == NONE) {
            return NONE;
        }
        if ((levelTriggered & 1 << pin) == 0) {
            requests &= ~(1 << pin);
        }
        if (!autoEoi) {
            inService |= 1 << pin;
        } else if (rotateOnAutoEoi) {
            lowestPriorityPin = pin;
        }
        return pin;
    }

    /** The vector that the INTA cycle puts on the bus for a pin, or for a spurious interrupt. */
    public int vectorOf(int pin) {
        return vectorBase + (pin == NONE ? SPURIOUS_PIN : pin);
    }

    private int pinToServe() {
        int asking = requests & ~mask;
        if (asking == 0) {
            return NONE;
        }
        int blocking = inService;
        if (specialMask) {
            blocking &= ~mask;
        }
        if (specialFullyNested) {
            blocking &= ~cascadePins;
        }
        int pin = firstByPriority(asking);
        return blocking == 0 || rank(pin) < rank(firstByPriority(blocking)) ? pin : NONE;
    }

    /** 0 for the pin of the highest priority. */
    private int rank(int pin) {
        return (pin - lowestPriorityPin - 1) & (PINS - 1);
    }

    private int firstByPriority(int pins) {
        for (int i = 1; i <= PINS; i++) {
            int pin = (lowestPriorityPin + i) & (PINS - 1);
            if ((pins & 1 << pin) != 0) {
                return pin;
            }
        }
        return NONE;
    }

    // ---- registers: address line A0 selects ----

    public int read(int a0) {
        if (polled) {
            polled = false;
            int pin = acknowledgePin();
            return pin == NONE ? 0 : 0x80 | pin;
        }
        if (a0 == 1) {
            return mask;
        }
        return readInService ? inService : requests;
    }

    public void write(int a0, int value) {
        if (a0 == 1) {
            writeOdd(value);
        } else if ((value & ICW1) != 0) {
            startInitialization(value);
        } else if ((value & OCW3) != 0) {
            writeOcw3(value);
        } else {
            writeOcw2(value);
        }
    }

    /** The edge/level control register (ELCR), which chip sets put beside the 8259A: a bit set is level-triggered. */
    public int levelTriggered() {
        return levelTriggered;
    }

    public void levelTriggered(int pins) {
        levelTriggered = pins;
        requests = (requests & ~pins) | (lines & pins);
    }

    private void startInitialization(int icw1) {
        requests = lines & levelTriggered;
        inService = 0;
        mask = 0;
        lowestPriorityPin = PINS - 1;
        autoEoi = false;
        rotateOnAutoEoi = false;
        specialMask = false;
        specialFullyNested = false;
        readInService = false;
        needsIcw4 = (icw1 & ICW1_NEEDS_ICW4) != 0;
        single = (icw1 & ICW1_SINGLE) != 0;
        initialization = EXPECT_ICW2;
    }

    private void writeOdd(int value) {
        switch (initialization) {
            case EXPECT_ICW2 -> {
                vectorBase = value & 0xF8;
                initialization = single ? afterIcw3() : EXPECT_ICW3;
            }
            case EXPECT_ICW3 -> initialization = afterIcw3(); // the cascade is wired, not programmed
            case EXPECT_ICW4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                specialFullyNested = (value & ICW4_SPECIAL_FULLY_NESTED) != 0;
                initialization = READY;
            }
            default -> mask = value;
        }
    }

    private int afterIcw3() {
        return needsIcw4 ? EXPECT_ICW4 : READY;
    }

    private void writeOcw3(int value) {
        if ((value & OCW3_POLL) != 0) {
            polled = true;
        }
        if ((value & OCW3_READ_REGISTER) != 0) {
            readInService = (value & OCW3_READ_ISR) != 0;
        }
        if ((value & OCW3_SET_SPECIAL_MASK) != 0) {
            specialMask = (value & OCW3_SPECIAL_MASK) != 0;
        }
    }

    /** Operation control word 2: rotate, specific and end-of-interrupt bits (data sheet, figure 8). */
    private void writeOcw2(int value) {
        int level = value & 7;
        switch (value >> 5) {
            case 0 -> rotateOnAutoEoi = false;
            case 1 -> endOfInterrupt(firstByPriority(inService), false);
            case 3 -> endOfInterrupt(level, false);
            case 4 -> rotateOnAutoEoi = true;
            case 5 -> endOfInterrupt(firstByPriority(inService), true);
            case 6 -> lowestPriorityPin = level;
            case 7 -> endOfInterrupt(level, true);
            default -> {} // 2: no operation
        }
    }

    private void endOfInterrupt(int pin, boolean rotate) {
        if (pin == NONE) {
            return;
        }
        inService &= ~(1 << pin);
        if (rotate) {
            lowestPriorityPin = pin;
        }
    }

    // ---- state ----

    public PicState save() {
        return PicState.newBuilder()
                .setLines(lines)
                .setLevelTriggered(levelTriggered)
                .setRequests(requests)
                .setInService(inService)
                .setMask(mask)
                .setVectorBase(vectorBase)
                .setLowestPriorityPin(lowestPriorityPin)
                .setInitialization(initialization)
                .setNeedsIcw4(needsIcw4)
                .setSingle(single)
                .setAutoEoi(autoEoi)
                .setRotateOnAutoEoi(rotateOnAutoEoi)
                .setSpecialMask(specialMask)
                .setSpecialFullyNested(specialFullyNested)
                .setReadInService(readInService)
                .setPolled(polled)
                .build();
    }

    public void restore(PicState state) {
        lines = state.getLines();
        levelTriggered = state.getLevelTriggered();
        requests = state.getRequests();
        inService = state.getInService();
        mask = state.getMask();
        vectorBase = state.getVectorBase();
        lowestPriorityPin = state.getLowestPriorityPin();
        initialization = state.getInitialization();
        needsIcw4 = state.getNeedsIcw4();
        single = state.getSingle();
        autoEoi = state.getAutoEoi();
        rotateOnAutoEoi = state.getRotateOnAutoEoi();
        specialMask = state.getSpecialMask();
        specialFullyNested = state.getSpecialFullyNested();
        readInService = state.getReadInService();
        polled = state.getPolled();
    }
}
