package dev.simvisor.node.host;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides which vCPUs have a processor until the next decision, when there are more of them than processors: stride
 * scheduling (Waldspurger &amp; Weihl 1995) with weights, caps per {@link #PERIOD_NANOS}, and throttles. Pure: time is what it is told.
 */
final class VcpuScheduler {
    /**
     * Decisions are taken at multiples of it, and whenever a vCPU comes or goes. Who wakes in a quantum may have a processor for all
     * of it, and use little: longer ones would have busy vCPUs wait for idle ones, which a timer wakes every few milliseconds.
     */
    static final long QUANTUM_NANOS = 1_000_000;

    /** A vCPU with a cap of c percent runs at most c percent of every period. */
    static final long PERIOD_NANOS = 100 * QUANTUM_NANOS;

    static final int DEFAULT_WEIGHT = 256;

    /** Precision of a pass: nanoseconds of use times this, divided by the weight. */
    private static final long STRIDE = 1 << 16;

    /**
     * A vCPU that has something to execute.
     *
     * @param weight its share relative to others'; 0 counts as {@link #DEFAULT_WEIGHT}
     * @param capPercent most of one processor it may use; 0 is no cap
     * @param throttlePercent of the quanta, those in which it has no processor whatever it has used; 0 is no throttle
     */
    record Contender(String vm, int weight, int capPercent, int throttlePercent) {
        Contender {
            weight = weight == 0 ? DEFAULT_WEIGHT : weight;
        }

        Contender(String vm, int weight, int capPercent) {
            this(vm, weight, capPercent, 0);
        }

        /** Whether it has to wait at times even where processors are free. */
        boolean isLimited() {
            return capPercent != 0 || throttlePercent != 0;
        }

        /**
         * Whether its throttle keeps it waiting in the quantum of a time. Of any 100 quanta in a row it does so in as many as the
         * percentage says, evenly spread. QEMU's throttle, too, takes time away whether or not the guest would have used it, but has the
         * vCPU run 10 ms at a time and then sleep for so long ({@code cpu-throttle.c}): at 99 % for a second, which here would
         * outlast many a round.
         */
        private boolean isHeldBack(long nowNanos) {
            long quantum = nowNanos / QUANTUM_NANOS;
            return (quantum + 1) * throttlePercent / 100 > quantum * throttlePercent / 100;
        }
    }

    private record Account(long pass, long periodUsedNanos, long period) {
        long usedIn(long current) {
            return period == current ? periodUsedNanos : 0;
        }
    }

    private final int pcpus;
    private final Map<String, Account> accounts = new HashMap<>();

    VcpuScheduler(int pcpus) {
        this.pcpus = pcpus;
    }

    /** The first decision after a time. */
    static long nextQuantum(long nowNanos) {
        return quantumOf(nowNanos) + QUANTUM_NANOS;
    }

    /** The start of the quantum that a time lies in; Long.MAX_VALUE, which is never, stays. */
    static long quantumOf(long nanos) {
        return nanos == Long.MAX_VALUE ? nanos : nanos / QUANTUM_NANOS * QUANTUM_NANOS;
    }

    /** Books the processor time that a vCPU has used. */
    void charge(Contender vcpu, long nowNanos, long usedNanos) {
        long period = (nowNanos - 1) / PERIOD_NANOS;
        Account account = accounts.getOrDefault(vcpu.vm(), new Account(0, 0, period));
        long pass = account.pass() + usedNanos * STRIDE / vcpu.weight();
        accounts.put(vcpu.vm(), new Account(pass, account.usedIn(period) + usedNanos, period));
    }

    /** Those that run from now on: the least served, as many as there are processors; names decide ties. */
    Set<String> choose(long nowNanos, List<Contender> contenders) {
        long period = nowNanos / PERIOD_NANOS;
        List<Contender> eligible = new ArrayList<>();
        for (Contender contender : contenders) {
            Account account = accounts.computeIfAbsent(contender.vm(), vm -> new Account(leastPass(), 0, period));
            boolean withinCap =
                    contender.capPercent() == 0 || account.usedIn(period) < PERIOD_NANOS / 100 * contender.capPercent();
            if (withinCap && !contender.isHeldBack(nowNanos)) {
                eligible.add(contender);
            }
        }
        eligible.sort(Comparator.comparingLong((Contender contender) -> pass(contender.vm()))
                .thenComparing(Contender::vm));
        Set<String> chosen = new TreeSet<>();
        eligible.stream().limit(pcpus).forEach(contender -> chosen.add(contender.vm()));
        liftSleepers(eligible);
        return chosen;
    }

    /** Whoever slept does not come back with a claim to all the time he did not want. */
    private void liftSleepers(List<Contender> eligible) {
        if (eligible.size() <= pcpus) {
            return;
        }
        long floor = pass(eligible.get(pcpus).vm()) - PERIOD_NANOS * STRIDE / DEFAULT_WEIGHT;
        for (Contender contender : eligible) {
            Account account = accounts.get(contender.vm());
            if (account != null && account.pass() < floor) {
                accounts.put(contender.vm(), new Account(floor, account.periodUsedNanos(), account.period()));
            }
        }
    }

    void forget(String vm) {
        accounts.remove(vm);
    }

    private long pass(String vm) {
        Account account = accounts.get(vm);
        return account == null ? 0 : account.pass();
    }

    private long leastPass() {
        return accounts.values().stream().mapToLong(Account::pass).min().orElse(0);
    }
}
