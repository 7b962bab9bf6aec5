package dev.simvisor.node.host;

import static dev.simvisor.node.host.VcpuScheduler.PERIOD_NANOS;
import static dev.simvisor.node.host.VcpuScheduler.QUANTUM_NANOS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.simvisor.node.host.VcpuScheduler.Contender;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VcpuSchedulerTest {
    /** Quanta that each busy contender gets. */
    private static Map<String, Integer> share(int pcpus, int quanta, Contender... contenders) {
        VcpuScheduler scheduler = new VcpuScheduler(pcpus);
        Map<String, Integer> got = new TreeMap<>();
        for (int quantum = 0; quantum < quanta; quantum++) {
            long now = quantum * QUANTUM_NANOS;
            Set<String> chosen = scheduler.choose(now, List.of(contenders));
            assertThat(chosen).hasSizeLessThanOrEqualTo(pcpus);
            for (Contender contender : contenders) {
                if (chosen.contains(contender.vm())) {
                    got.merge(contender.vm(), 1, Integer::sum);
                    scheduler.charge(contender, now + QUANTUM_NANOS, QUANTUM_NANOS);
                }
            }
        }
        return got;
    }

    @Test
    void equalWeightsShareEqually() {
        Map<String, Integer> got =
                share(2, 300, new Contender("a", 0, 0), new Contender("b", 0, 0), new Contender("c", 0, 0));

        assertThat(got).containsEntry("a", 200).containsEntry("b", 200).containsEntry("c", 200);
    }

    @Test
    void sharesFollowWeights() {
        Map<String, Integer> got = share(1, 400, new Contender("light", 128, 0), new Contender("heavy", 384, 0));

        assertThat(got.get("heavy")).isCloseTo(300, withinPercentage(2));
        assertThat(got.get("light")).isCloseTo(100, withinPercentage(4));
    }

    @Test
    void capHoldsEvenWhenTheProcessorIsFree() {
        Map<String, Integer> got = share(2, 400, new Contender("capped", 0, 30), new Contender("free", 0, 0));

        assertThat(got.get("capped")).isEqualTo(400 * 30 / 100);
        assertThat(got.get("free")).isEqualTo(400);
    }

    @Test
    void throttleTakesItsShareOfAnyHundredQuantaAndSpreadsIt() {
        for (int percent : new int[] {20, 50, 99}) {
            Contender throttled = new Contender("throttled", 0, 0, percent);
            for (int from : new int[] {0, 37}) {
                VcpuScheduler scheduler = new VcpuScheduler(1);
                int ran = 0;
                int longestWait = 0;
                int wait = 0;
                for (int quantum = from; quantum < from + 100; quantum++) {
                    boolean runs = !scheduler
                            .choose(quantum * QUANTUM_NANOS + 1, List.of(throttled))
                            .isEmpty();
                    ran += runs ? 1 : 0;
                    wait = runs ? 0 : wait + 1;
                    longestWait = Math.max(longestWait, wait);
                }
                assertThat(ran).isEqualTo(100 - percent);
                assertThat(longestWait).isLessThanOrEqualTo(Math.ceilDiv(percent, 100 - percent));
            }
        }
    }

    @Test
    void whatAThrottledVcpuMayNotUseIsOthers() {
        Map<String, Integer> got = share(1, 400, new Contender("held", 0, 0, 80), new Contender("other", 0, 0));

        assertThat(got.get("held")).isEqualTo(80);
        assertThat(got.get("other")).isEqualTo(320);
    }

    @Test
    void sleeperDoesNotClaimTheTimeItDidNotWant() {
        VcpuScheduler scheduler = new VcpuScheduler(1);
        Contender busy = new Contender("busy", 0, 0);
        Contender sleeper = new Contender("sleeper", 0, 0);
        scheduler.choose(0, List.of(busy, sleeper));
        long now = 0;
        for (int i = 0; i < 1000; i++) {
            scheduler.choose(now, List.of(busy));
            now += QUANTUM_NANOS;
            scheduler.charge(busy, now, QUANTUM_NANOS);
        }
        int busyGot = 0;
        for (int i = 0; i < 1000; i++) {
            // After what it is allowed to catch up with, the sleeper gets its half.
            Set<String> chosen = scheduler.choose(now, List.of(busy, sleeper));
            now += QUANTUM_NANOS;
            scheduler.charge(chosen.contains("busy") ? busy : sleeper, now, QUANTUM_NANOS);
            busyGot += chosen.contains("busy") ? 1 : 0;
        }
        assertThat(busyGot).isGreaterThan(1000 / 2 - (int) (PERIOD_NANOS / QUANTUM_NANOS));
    }
}
