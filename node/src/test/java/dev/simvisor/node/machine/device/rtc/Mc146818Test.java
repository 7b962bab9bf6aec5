package dev.simvisor.node.machine.device.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.time.VirtualClock;
import org.junit.jupiter.api.Test;

/** Facts of the MC146818 data sheet; a cycle is a microsecond here. */
class Mc146818Test {
    private static final long START = 1_767_225_599L; // 2025-12-31T23:59:59Z, a Wednesday
    private static final long SECOND = 1_000_000;

    private final VirtualClock clock = new VirtualClock(SECOND, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
    private boolean interrupt;
    private final Mc146818 rtc = new Mc146818(clock, START, asserted -> interrupt = asserted);

    private int get(int address) {
        rtc.write(0, address);
        return rtc.read(1);
    }

    private void set(int address, int value) {
        rtc.write(0, address);
        rtc.write(1, value);
    }

    private void runTo(long cycles) {
        while (clock.nextDueCycles() <= cycles) {
            clock.skipTo(clock.nextDueCycles());
            clock.deliverDueEvents();
        }
        clock.skipTo(cycles);
    }

    @Test
    void theTimeOfDayIsInDecimalDigitsAndFollowsVirtualTime() {
        assertThat(new int[] {get(0), get(2), get(4), get(6), get(7), get(8), get(9), get(0x32)})
                .containsExactly(0x59, 0x59, 0x23, 4, 0x31, 0x12, 0x25, 0x20);
        runTo(SECOND);
        assertThat(new int[] {get(0), get(2), get(4), get(6), get(7), get(8), get(9)})
                .containsExactly(0, 0, 0, 5, 1, 1, 0x26);
    }

    @Test
    void binaryAndTwelveHourFormsAreOptions() {
        set(0x0B, 0x04);
        assertThat(get(0)).isEqualTo(59);
        assertThat(get(4)).isEqualTo(0x80 | 11);
    }

    @Test
    void aStoppedClockTakesANewDateByteByByte() {
        set(0x0B, 0x82);
        set(8, 0x02);
        set(7, 0x28);
        set(9, 0x24);
        set(0x0B, 0x02);
        runTo(SECOND);
        assertThat(new int[] {get(7), get(8), get(9)}).containsExactly(0x29, 0x02, 0x24);
    }

    @Test
    void theUpdateFlagIsUpJustBeforeTheSecondChanges() {
        assertThat(get(0x0A) & 0x80).isZero();
        runTo(SECOND - 244);
        assertThat(get(0x0A) & 0x80).isEqualTo(0x80);
        runTo(SECOND);
        assertThat(get(0x0A) & 0x80).isZero();
    }

    @Test
    void periodicInterruptsComeAtTheirRateUntilTheyAreTaken() {
        set(0x0A, 0x26); // 1024 Hz
        set(0x0B, 0x42);
        runTo(977);
        assertThat(interrupt).isTrue();
        assertThat(get(0x0C)).isEqualTo(0xC0);
        assertThat(interrupt).isFalse();
        runTo(2 * 977);
        assertThat(interrupt).isTrue();
    }

    @Test
    void theAlarmComesWhenAllItsBytesMatch() {
        set(1, 0x02);
        set(3, 0xFF);
        set(5, 0xFF);
        set(0x0B, 0x22);
        runTo(2 * SECOND);
        assertThat(interrupt).isFalse();
        runTo(3 * SECOND);
        assertThat(get(0x0C) & 0xA0).isEqualTo(0xA0);
    }

    @Test
    void stateIsKept() {
        set(0x40, 0x77);
        set(0x0B, 0x42);
        runTo(5 * SECOND);
        VirtualClock other = new VirtualClock(SECOND, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
        Mc146818 restored = new Mc146818(other, 0, asserted -> {});
        other.restore(clock.save());
        restored.restore(rtc.save());
        assertThat(restored.save()).isEqualTo(rtc.save());
        restored.write(0, 9);
        assertThat(restored.read(1)).isEqualTo(0x26);
    }

    @Test
    void aResetLeavesTimeAndMemoryAloneAndEnablesNoInterrupt() {
        set(0x20, 0x77);
        set(7, 0x05);
        set(0x0B, 0x72);
        runTo(SECOND);
        assertThat(interrupt).isTrue();
        rtc.reset();
        assertThat(interrupt).isFalse();
        assertThat(get(0x0B)).isEqualTo(0x02);
        runTo(3 * SECOND);
        assertThat(interrupt).isFalse();
        assertThat(new int[] {get(0x20), get(0), get(7)}).containsExactly(0x77, 2, 6);
    }
}
