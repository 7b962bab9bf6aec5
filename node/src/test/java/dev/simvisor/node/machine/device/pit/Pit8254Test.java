package dev.simvisor.node.machine.device.pit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.time.VirtualClock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Facts of the 8254 data sheet; a cycle is a tick here. */
class Pit8254Test {
    private final VirtualClock clock = new VirtualClock(Pit8254.HERTZ, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
    private final List<Long> risingEdges = new ArrayList<>();
    private boolean level;
    private final Pit8254 pit = new Pit8254(clock, this::interrupt);

    private void interrupt(boolean asserted) {
        if (asserted && !level) {
            risingEdges.add(clock.cycles());
        }
        level = asserted;
    }

    private void runTo(long cycles) {
        while (clock.nextDueCycles() <= cycles) {
            clock.skipTo(clock.nextDueCycles());
            clock.deliverDueEvents();
        }
        clock.skipTo(cycles);
    }

    private void program(int counter, int control, int count) {
        pit.write(3, counter << 6 | 0x30 | control);
        pit.write(counter, count & 0xFF);
        pit.write(counter, count >> 8);
    }

    @Test
    void rateGeneratorInterruptsEveryCount() {
        program(0, 0x04, 1000);
        runTo(3500);
        assertThat(risingEdges.stream().filter(cycle -> cycle > 0)).containsExactly(1000L, 2000L, 3000L);
    }

    @Test
    void edgesThatWereSkippedAreSeenAsOne() {
        for (int mode : new int[] {0x04, 0x06}) {
            program(0, mode, 1000);
            runTo(clock.cycles() + 100);
            risingEdges.clear();
            clock.skipTo(clock.cycles() + 2500);
            clock.deliverDueEvents();
            assertThat(risingEdges).hasSizeBetween(1, 2);
            long since = clock.cycles();
            risingEdges.clear();
            runTo(since + 1000);
            assertThat(risingEdges).hasSize(1);
        }
    }

    @Test
    void squareWaveRisesEveryCount() {
        program(0, 0x06, 1001);
        runTo(2500);
        assertThat(risingEdges.stream().filter(cycle -> cycle > 0)).containsExactly(1001L, 2002L);
    }

    @Test
    void interruptOnTerminalCountHappensOnce() {
        program(0, 0x00, 500);
        assertThat(level).isFalse();
        runTo(5000);
        assertThat(risingEdges).containsExactly(500L);
        assertThat(level).isTrue();
    }

    @Test
    void aCountOfZeroIsTheLargest() {
        program(0, 0x00, 0);
        runTo(0x10000);
        assertThat(risingEdges).containsExactly(0x10000L);
    }

    @Test
    void aLatchedCountStaysWhileTheCounterGoesOn() {
        program(0, 0x04, 1000);
        runTo(100);
        pit.write(3, 0x00);
        runTo(200);
        assertThat(pit.read(0) | pit.read(0) << 8).isEqualTo(900);
        assertThat(pit.read(0) | pit.read(0) << 8).isEqualTo(800);
    }

    @Test
    void squareWaveCountsByTwo() {
        program(0, 0x06, 1000);
        runTo(100);
        assertThat(pit.read(0) | pit.read(0) << 8).isEqualTo(800);
    }

    @Test
    void readBackGivesStatusAndThenCount() {
        program(0, 0x04, 1000);
        runTo(10);
        pit.write(3, 0xC2);
        assertThat(pit.read(0)).isEqualTo(0xB4); // OUT high, loaded, both bytes, mode 2, binary
        assertThat(pit.read(0) | pit.read(0) << 8).isEqualTo(990);
    }

    @Test
    void decimalCountsAreDecimal() {
        program(0, 0x05, 0x1000);
        runTo(1);
        assertThat(pit.read(0) | pit.read(0) << 8).isEqualTo(0x0999);
    }

    @Test
    void theSpeakerChannelShowsItsOutputAtPort61() {
        pit.systemControl(0x01);
        program(2, 0x00, 300);
        assertThat(pit.systemControl() & 0x21).isEqualTo(0x01);
        runTo(300);
        assertThat(pit.systemControl() & 0x21).isEqualTo(0x21);
    }

    @Test
    void stateIsKept() {
        program(0, 0x04, 1000);
        runTo(100);
        pit.write(3, 0x00);
        VirtualClock other = new VirtualClock(Pit8254.HERTZ, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
        Pit8254 restored = new Pit8254(other, asserted -> {});
        other.restore(clock.save());
        restored.restore(pit.save());
        assertThat(restored.read(0) | restored.read(0) << 8).isEqualTo(900);
        assertThat(other.nextDueCycles()).isEqualTo(clock.nextDueCycles());
    }
}
