package dev.simvisor.node.machine.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualClockTest {
    private long instructions;
    private final List<String> fired = new ArrayList<>();

    @Test
    void cyclesFollowInstructionsAndCharges() {
        VirtualClock clock = clock(1_000_000_000L, 3);
        instructions = 10;
        clock.charge(5);
        assertThat(clock.cycles()).isEqualTo(35);
        assertThat(clock.instructionsUntil(36)).isEqualTo(1);
        assertThat(clock.instructionsUntil(39)).isEqualTo(2);
        assertThat(clock.instructionsUntil(35)).isZero();
    }

    @Test
    void fractionsOfACycleAddUpExactly() {
        for (int perThousand : new int[] {1, 310, 770, 999, 1000, 1001, 1390, 2718}) {
            VirtualClock clock = new VirtualClock(1_000_000_000L, perThousand, () -> instructions);
            instructions = 1000L * 1000 * 1000 * 1000;
            clock.charge(17);
            assertThat(clock.cycles()).isEqualTo(17 + instructions / 1000 * perThousand);
            long start = instructions;
            for (long due = clock.cycles(); due < 17 + start / 1000 * perThousand + 100; due++) {
                instructions = start;
                long needed = clock.instructionsUntil(due);
                instructions = start + needed;
                assertThat(clock.cycles()).isGreaterThanOrEqualTo(due);
                instructions = start + Math.max(0, needed - 1);
                assertThat(needed == 0 || clock.cycles() < due).isTrue();
            }
            instructions = start;
        }
    }

    @Test
    void noRunIsTooLongToPlan() {
        VirtualClock clock = new VirtualClock(1_000_000_000L, 770, () -> instructions);
        instructions = 123_456_789;
        assertThat(clock.instructionsUntil(Long.MAX_VALUE)).isPositive();
    }

    @Test
    void timeThatWasSkippedIsNotBusy() {
        VirtualClock clock = clock(1_000_000_000L, 1);
        instructions = 10;
        clock.charge(5);
        clock.skipTo(100);
        assertThat(clock.busyCycles()).isEqualTo(15);
    }

    @Test
    void conversionsAreExactForYearsOfVirtualTime() {
        VirtualClock clock = clock(2_400_000_000L, 1);
        long nanosPerYear = 365L * 86_400 * 1_000_000_000;
        assertThat(clock.toNanos(clock.toCycles(nanosPerYear + 1))).isEqualTo(nanosPerYear + 1);
        assertThat(clock.toNanos(12)).isEqualTo(5);
        assertThat(clock.toNanos(11)).isEqualTo(4);
        assertThat(clock.toCycles(1)).isEqualTo(3);
    }

    @Test
    void theCycleOfATickIsTheFirstAtWhichItHasPassed() {
        VirtualClock clock = clock(1_000_000_000L, 1);
        for (long tick : new long[] {1, 2, 1193, 1_193_182, 77_777_777_777L}) {
            long cycle = clock.ticksToCycles(tick, 1_193_182);
            assertThat(clock.toTicks(cycle, 1_193_182)).isEqualTo(tick);
            assertThat(clock.toTicks(cycle - 1, 1_193_182)).isEqualTo(tick - 1);
        }
    }

    @Test
    void eventsComeByDueTimeAndThenInTheOrderOfArming() {
        VirtualClock clock = clock(1_000_000_000L, 1);
        Timer a = clock.timer("a", () -> fired.add("a"));
        Timer b = clock.timer("b", () -> fired.add("b"));
        Timer c = clock.timer("c", () -> fired.add("c"));
        b.arm(20);
        a.arm(20);
        c.arm(10);
        assertThat(clock.nextDueCycles()).isEqualTo(10);
        clock.skipTo(19);
        clock.deliverDueEvents();
        assertThat(fired).containsExactly("c");
        clock.skipTo(20);
        clock.deliverDueEvents();
        assertThat(fired).containsExactly("c", "b", "a");
        assertThat(clock.nextDueCycles()).isEqualTo(Timer.NEVER);
    }

    @Test
    void anActionMayArmItsTimerAnew() {
        VirtualClock clock = clock(1_000_000_000L, 1);
        Timer[] timer = new Timer[1];
        timer[0] = clock.timer("periodic", () -> {
            fired.add("tick");
            timer[0].arm(clock.cycles() + 10);
        });
        timer[0].arm(5);
        clock.skipTo(6);
        clock.deliverDueEvents();
        assertThat(fired).containsExactly("tick");
        assertThat(timer[0].dueCycles()).isEqualTo(16);
    }

    @Test
    void whoeverRunsTheProcessorIsToldOfEarlierEventsOnly() {
        VirtualClock clock = clock(1_000_000_000L, 1);
        Timer timer = clock.timer("t", () -> {});
        clock.announceEventsBefore(100, () -> fired.add("earlier"));
        timer.arm(100);
        timer.arm(99);
        timer.arm(99);
        timer.arm(50);
        assertThat(fired).hasSize(2);
    }

    @Test
    void stateKeepsTimeTimersAndTheirOrder() {
        VirtualClock saved = clock(1_000_000_000L, 1);
        Timer first = saved.timer("a", () -> {});
        Timer second = saved.timer("b", () -> {});
        second.arm(30);
        first.arm(30);
        instructions = 7;

        VirtualClock restored = clock(1_000_000_000L, 1);
        restored.timer("a", () -> fired.add("a"));
        restored.timer("b", () -> fired.add("b"));
        restored.restore(saved.save());
        assertThat(restored.cycles()).isEqualTo(7);
        restored.skipTo(30);
        restored.deliverDueEvents();
        assertThat(fired).containsExactly("b", "a");
    }

    @Test
    void stateOfAnotherMachineIsRefused() {
        VirtualClock saved = clock(1_000_000_000L, 1);
        saved.timer("floppy", () -> {}).arm(1);
        assertThatThrownBy(() -> clock(1_000_000_000L, 1).restore(saved.save())).hasMessageContaining("floppy");
    }

    private VirtualClock clock(long hertz, int cyclesPerInstruction) {
        return new VirtualClock(hertz, cyclesPerInstruction * VirtualClock.CYCLE_PER_INSTRUCTION, () -> instructions);
    }
}
