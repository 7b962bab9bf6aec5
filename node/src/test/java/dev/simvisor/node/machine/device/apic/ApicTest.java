package dev.simvisor.node.machine.device.apic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.device.pic.PicPair;
import dev.simvisor.node.machine.time.VirtualClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Facts of SDM Vol 3A ch. 11 and of the 82093AA data sheet. */
class ApicTest {
    private static final int SPURIOUS = 0xF0;
    private static final int TASK_PRIORITY = 0x80;
    private static final int END_OF_INTERRUPT = 0xB0;
    private static final int LVT_TIMER = 0x320;
    private static final int LVT_LINT0 = 0x350;
    private static final int INITIAL_COUNT = 0x380;
    private static final int CURRENT_COUNT = 0x390;
    private static final int DIVIDE = 0x3E0;
    private static final int MASKED = 0x10000;

    private final VirtualClock clock = new VirtualClock(1_000_000_000L, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
    private final PicPair pics = new PicPair();
    private final ApicBus bus = new ApicBus();
    private final LocalApic apic = new LocalApic(0, clock, pics, bus);
    private final IoApic ioApic = new IoApic(1, bus);

    @BeforeEach
    void enable() {
        apic.onEndOfInterrupt(ioApic::endOfInterrupt);
        apic.write(SPURIOUS, 0x1FF);
    }

    private void runTo(long cycles) {
        clock.skipTo(cycles);
        clock.deliverDueEvents();
    }

    private void redirect(int pin, int low) {
        ioApic.write(0x00, 0x10 + 2 * pin);
        ioApic.write(0x10, low);
    }

    @Test
    void theHighestVectorComesFirstAndHoldsOffItsClass() {
        apic.accept(0x41, 0, false);
        apic.accept(0x52, 0, false);
        assertThat(apic.acknowledge()).isEqualTo(0x52);
        assertThat(apic.interruptPending()).isFalse();
        apic.accept(0x5F, 0, false);
        assertThat(apic.interruptPending()).isFalse();
        apic.accept(0x61, 0, false);
        assertThat(apic.acknowledge()).isEqualTo(0x61);
        apic.write(END_OF_INTERRUPT, 0);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.acknowledge()).isEqualTo(0x5F);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.acknowledge()).isEqualTo(0x41);
    }

    @Test
    void theTaskPriorityHoldsOffItsClassAndIsCr8() {
        apic.taskPriorityClass(5);
        assertThat(apic.read(TASK_PRIORITY)).isEqualTo(0x50);
        apic.accept(0x5F, 0, false);
        assertThat(apic.interruptPending()).isFalse();
        apic.write(TASK_PRIORITY, 0x4F);
        assertThat(apic.taskPriorityClass()).isEqualTo(4);
        assertThat(apic.interruptPending()).isTrue();
    }

    @Test
    void requestsAndServiceShowInTheirRegisters() {
        apic.accept(0x41, 0, true);
        assertThat(apic.read(0x220)).isEqualTo(2);
        apic.acknowledge();
        assertThat(apic.read(0x220)).isZero();
        assertThat(apic.read(0x120)).isEqualTo(2);
        assertThat(apic.read(0x1A0)).isEqualTo(2);
        assertThat(apic.read(0xA0)).isEqualTo(0x40);
    }

    @Test
    void aOneShotTimerCountsDividedCyclesAndFiresOnce() {
        apic.write(LVT_TIMER, 0x40);
        apic.write(DIVIDE, 0x3); // by 16
        apic.write(INITIAL_COUNT, 100);
        runTo(160);
        assertThat(apic.read(CURRENT_COUNT)).isEqualTo(90);
        runTo(1599);
        assertThat(apic.interruptPending()).isFalse();
        runTo(1600);
        assertThat(apic.acknowledge()).isEqualTo(0x40);
        assertThat(apic.read(CURRENT_COUNT)).isZero();
        runTo(10_000);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.interruptPending()).isFalse();
    }

    @Test
    void aPeriodicTimerKeepsItsPhase() {
        apic.write(LVT_TIMER, 0x20040);
        apic.write(DIVIDE, 0xB); // by 1
        apic.write(INITIAL_COUNT, 100_000);
        runTo(130_000);
        assertThat(apic.acknowledge()).isEqualTo(0x40);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(clock.nextDueCycles()).isEqualTo(200_000);
        assertThat(apic.read(CURRENT_COUNT)).isEqualTo(70_000);
        runTo(1_000_000_030L); // no processor for a second: one interrupt, in phase
        assertThat(clock.nextDueCycles()).isEqualTo(1_000_100_000L);
    }

    @Test
    void aNewDivisorAppliesToAllThatIsLeftOfALongCount() {
        apic.write(LVT_TIMER, 0x40);
        apic.write(DIVIDE, 0x0); // by 2
        apic.write(INITIAL_COUNT, 0xC000_0000);
        apic.write(DIVIDE, 0xB); // by 1
        assertThat(clock.nextDueCycles()).isEqualTo(0xC000_0000L);
        assertThat(apic.read(CURRENT_COUNT)).isEqualTo(0xC000_0000);
    }

    @Test
    void aPeriodHasALeastLength() {
        apic.write(LVT_TIMER, 0x20040);
        apic.write(DIVIDE, 0xB);
        apic.write(INITIAL_COUNT, 1);
        assertThat(clock.nextDueCycles()).isEqualTo(10_000);
    }

    @Test
    void theDeadlineTimerFiresAtItsTimestamp() {
        apic.timestampDeadline(500); // another mode: ignored
        assertThat(apic.timestampDeadline()).isZero();
        apic.write(LVT_TIMER, 0x40040);
        apic.timestampDeadline(500);
        runTo(499);
        assertThat(apic.interruptPending()).isFalse();
        runTo(500);
        assertThat(apic.acknowledge()).isEqualTo(0x40);
        assertThat(apic.timestampDeadline()).isZero();
    }

    @Test
    void aMaskedTimerDoesNotInterrupt() {
        apic.write(LVT_TIMER, MASKED | 0x40);
        apic.write(INITIAL_COUNT, 10);
        runTo(1000);
        assertThat(apic.interruptPending()).isFalse();
    }

    @Test
    void disablingBySoftwareMasksTheLocalVectorsAndKeepsThemMasked() {
        apic.write(LVT_TIMER, 0x40);
        apic.write(SPURIOUS, 0xFF);
        assertThat(apic.read(LVT_TIMER)).isEqualTo(MASKED | 0x40);
        apic.write(LVT_TIMER, 0x41);
        assertThat(apic.read(LVT_TIMER)).isEqualTo(MASKED | 0x41);
        apic.accept(0x50, 0, false);
        assertThat(apic.interruptPending()).isFalse();
    }

    @Test
    void the8259PassesThroughLint0AsExtInt() {
        pics.writeFirst(0, 0x13);
        pics.writeFirst(1, 0x20);
        pics.writeFirst(1, 0x01);
        pics.line(0, true);
        assertThat(apic.interruptPending()).isFalse();
        apic.write(LVT_LINT0, 0x700);
        assertThat(apic.interruptPending()).isTrue();
        assertThat(apic.acknowledge()).isEqualTo(0x20);
    }

    @Test
    void anInterruptToOneselfArrives() {
        apic.write(0x300, 0x40000 | 0x77);
        assertThat(apic.acknowledge()).isEqualTo(0x77);
        apic.write(0xD0, 0x01000000);
        apic.write(0x310, 0x01000000);
        apic.write(0x300, 0x800 | 0x88); // logical destination 1
        assertThat(apic.acknowledge()).isEqualTo(0x88);
        apic.write(0x300, 0xC0000 | 0x99); // all but self
        assertThat(apic.interruptPending()).isFalse();
    }

    @Test
    void anNmiReachesThePinWhateverItsVectorAndTheSoftwareEnableAre() {
        RecordedPins pins = new RecordedPins();
        apic.drive(pins);
        apic.write(SPURIOUS, 0xFF);
        apic.write(0x300, 0x400); // to the APIC with ID 0
        assertThat(pins.taken()).containsExactly("NMI");
        redirect(5, 0x400);
        ioApic.line(5, true);
        assertThat(pins.taken()).containsExactly("NMI");
        apic.write(0x300, 0x40400); // self, which is for fixed interrupts alone
        apic.write(0x300, 0xC0400); // all but self
        apic.write(0x310, 0x01000000);
        apic.write(0x300, 0x400); // another APIC
        apic.write(0x280, 0);
        assertThat(apic.read(0x280)).isZero();
        assertThat(pins.taken()).isEmpty();
        assertThat(apic.interruptPending()).isFalse();
    }

    @Test
    void vectorsBelowSixteenAreErrors() {
        apic.accept(5, 0, false);
        assertThat(apic.interruptPending()).isFalse();
        apic.write(0x280, 0);
        assertThat(apic.read(0x280)).isEqualTo(0x40);
        apic.write(0x280, 0);
        assertThat(apic.read(0x280)).isZero();
    }

    @Test
    void reservedBitsOfItsBaseAreRefused() {
        assertThat(apic.apicBase()).isEqualTo(0xFEE0_0900L);
        assertThat(apic.apicBase(0xFEE0_0D00L)).isFalse();
        assertThat(apic.apicBase(0xFEE0_0100L)).isTrue();
        assertThat(apic.registersAddress()).isEqualTo(-1);
    }

    @Test
    void anEdgeOnAnIoApicPinIsDeliveredOnce() {
        redirect(4, 0x31);
        ioApic.line(4, true);
        assertThat(apic.acknowledge()).isEqualTo(0x31);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.interruptPending()).isFalse();
        ioApic.line(4, false);
        ioApic.line(4, true);
        assertThat(apic.acknowledge()).isEqualTo(0x31);
    }

    @Test
    void aLevelOnAnIoApicPinIsDeliveredUntilItGoes() {
        redirect(10, 0x8032);
        ioApic.line(10, true);
        assertThat(apic.acknowledge()).isEqualTo(0x32);
        ioApic.write(0x00, 0x10 + 20);
        assertThat(ioApic.read(0x10) & 0x4000).isEqualTo(0x4000); // remote IRR
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.acknowledge()).isEqualTo(0x32);
        ioApic.line(10, false);
        apic.write(END_OF_INTERRUPT, 0);
        assertThat(apic.interruptPending()).isFalse();
        assertThat(ioApic.read(0x10) & 0x4000).isZero();
    }

    @Test
    void aLevelOnAMaskedPinIsDeliveredWhenItIsUnmasked() {
        redirect(10, 0x18032);
        ioApic.line(10, true);
        assertThat(apic.interruptPending()).isFalse();
        redirect(10, 0x8032);
        assertThat(apic.acknowledge()).isEqualTo(0x32);
    }

    @Test
    void theIoApicSaysWhatItIs() {
        ioApic.write(0x00, 0x01);
        assertThat(ioApic.read(0x10)).isEqualTo(0x0017_0011);
        ioApic.write(0x00, 0x00);
        assertThat(ioApic.read(0x10)).isEqualTo(0x0100_0000);
    }

    @Test
    void stateIsKept() {
        redirect(10, 0x8032);
        ioApic.line(10, true);
        apic.accept(0x99, 0, false);
        apic.acknowledge();
        apic.write(LVT_TIMER, 0x20040);
        apic.write(INITIAL_COUNT, 1000);
        VirtualClock otherClock = new VirtualClock(1_000_000_000L, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
        ApicBus otherBus = new ApicBus();
        LocalApic other = new LocalApic(0, otherClock, new PicPair(), otherBus);
        IoApic otherIo = new IoApic(1, otherBus);
        otherClock.restore(clock.save());
        other.restore(apic.save());
        otherIo.restore(ioApic.save());
        assertThat(other.save()).isEqualTo(apic.save());
        assertThat(otherIo.save()).isEqualTo(ioApic.save());
        assertThat(otherClock.nextDueCycles()).isEqualTo(clock.nextDueCycles());
        other.write(END_OF_INTERRUPT, 0);
        assertThat(other.acknowledge()).isEqualTo(0x32);
    }
}
