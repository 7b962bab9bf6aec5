package dev.simvisor.node.machine.device.pic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Facts of the 8259A data sheet. */
class PicPairTest {
    private static final int END_OF_INTERRUPT = 0x20;

    private final PicPair pics = new PicPair();

    @BeforeEach
    void initializeAsAPc() {
        initialize(0x01);
    }

    private void initialize(int icw4) {
        pics.writeFirst(0, 0x11);
        pics.writeFirst(1, 0x30);
        pics.writeFirst(1, 0x04);
        pics.writeFirst(1, icw4);
        pics.writeSecond(0, 0x11);
        pics.writeSecond(1, 0x38);
        pics.writeSecond(1, 0x02);
        pics.writeSecond(1, icw4);
    }

    @Test
    void aRisingEdgeRequestsAndTheVectorIsBasePlusPin() {
        pics.line(4, true);
        assertThat(pics.requestsService()).isTrue();
        assertThat(pics.acknowledge()).isEqualTo(0x34);
        assertThat(pics.requestsService()).isFalse();
    }

    @Test
    void aMaskedRequestWaitsUntilItIsUnmasked() {
        pics.writeFirst(1, 0x10);
        pics.line(4, true);
        assertThat(pics.requestsService()).isFalse();
        pics.writeFirst(1, 0);
        assertThat(pics.requestsService()).isTrue();
        assertThat(pics.readFirst(1)).isZero();
    }

    @Test
    void whatIsInServiceHoldsOffEqualAndLowerPriorities() {
        pics.line(3, true);
        pics.acknowledge();
        pics.line(4, true);
        assertThat(pics.requestsService()).isFalse();
        pics.line(1, true);
        assertThat(pics.acknowledge()).isEqualTo(0x31);
        pics.writeFirst(0, END_OF_INTERRUPT);
        pics.writeFirst(0, END_OF_INTERRUPT);
        assertThat(pics.acknowledge()).isEqualTo(0x34);
    }

    @Test
    void theSecondChipComesThroughPinTwoOfTheFirst() {
        pics.line(8, true);
        assertThat(pics.acknowledge()).isEqualTo(0x38);
        pics.line(14, true);
        pics.writeSecond(0, END_OF_INTERRUPT);
        pics.writeFirst(0, END_OF_INTERRUPT);
        assertThat(pics.acknowledge()).isEqualTo(0x3E);
    }

    @Test
    void anEdgeIsServedOnceAndALevelAsLongAsItLasts() {
        pics.writeLevelControl(1, 0x04); // request 10
        pics.line(10, true);
        assertThat(pics.acknowledge()).isEqualTo(0x3A);
        pics.writeSecond(0, END_OF_INTERRUPT);
        pics.writeFirst(0, END_OF_INTERRUPT);
        assertThat(pics.acknowledge()).isEqualTo(0x3A);
        pics.line(10, false);
        pics.writeSecond(0, END_OF_INTERRUPT);
        pics.writeFirst(0, END_OF_INTERRUPT);
        pics.line(4, true);
        assertThat(pics.acknowledge()).isEqualTo(0x34);
        pics.writeFirst(0, END_OF_INTERRUPT);
        assertThat(pics.requestsService()).isFalse();
    }

    @Test
    void aRequestGoneBeforeItsAcknowledgementIsSpurious() {
        pics.writeLevelControl(0, 0x20);
        pics.line(5, true);
        pics.line(5, false);
        assertThat(pics.acknowledge()).isEqualTo(0x37);
        pics.writeFirst(0, 0x0B); // read the in-service register: nothing is in service
        assertThat(pics.readFirst(0)).isZero();
    }

    @Test
    void automaticEndOfInterruptLeavesNothingInService() {
        initialize(0x03);
        pics.line(4, true);
        assertThat(pics.acknowledge()).isEqualTo(0x34);
        pics.writeFirst(0, 0x0B);
        assertThat(pics.readFirst(0)).isZero();
    }

    @Test
    void rotationMakesTheServedPinTheLowest() {
        pics.line(3, true);
        pics.acknowledge();
        pics.writeFirst(0, 0xA0); // rotate on non-specific EOI
        pics.line(3, false);
        pics.line(3, true);
        pics.line(4, true);
        assertThat(pics.acknowledge()).isEqualTo(0x34);
    }

    @Test
    void pollingAcknowledges() {
        pics.line(6, true);
        pics.writeFirst(0, 0x0C);
        assertThat(pics.readFirst(0)).isEqualTo(0x86);
        assertThat(pics.requestsService()).isFalse();
    }

    @Test
    void fixedPinsCannotBeMadeLevelTriggered() {
        pics.writeLevelControl(0, 0xFF);
        pics.writeLevelControl(1, 0xFF);
        assertThat(pics.readLevelControl(0)).isEqualTo(0xF8);
        assertThat(pics.readLevelControl(1)).isEqualTo(0xDE);
    }

    @Test
    void stateIsKept() {
        pics.line(3, true);
        pics.acknowledge();
        pics.line(12, true);
        PicPair restored = new PicPair();
        restored.restore(pics.save());
        assertThat(restored.save()).isEqualTo(pics.save());
        restored.writeFirst(0, END_OF_INTERRUPT);
        assertThat(restored.acknowledge()).isEqualTo(0x3C);
    }
}
