package dev.simvisor.node.host;

import static dev.simvisor.node.host.ToyHosts.MILLI;
import static dev.simvisor.node.host.ToyHosts.ahead;
import static dev.simvisor.node.host.ToyHosts.answer;
import static dev.simvisor.node.host.ToyHosts.create;
import static dev.simvisor.node.host.ToyHosts.ending;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JointWindowsTest {
    private static final int HOSTS = 3;

    private final Map<String, ToyMachine> machines = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void endThreads() {
        threads.shutdown();
    }

    private HostSimulation host(int pcpus) {
        return ToyHosts.host("h", pcpus, 0, machine -> machines.put(machine.name(), machine));
    }

    /** Runs a host's windows one by one, and leaves what it sends. */
    private static void run(HostSimulation host, long until, HostCommand... commands) {
        for (long from = 0; from < until; from += MILLI) {
            RunWindow.Builder grant = RunWindow.newBuilder().setFromNanos(from).setUntilNanos(from + MILLI);
            if (from == 0) grant.addAllCommands(List.of(commands));
            answer(host, grant.build());
        }
    }

    private List<CompletableFuture<WindowDone>> join(List<HostSimulation> hosts, List<RunWindow.Builder> grants) {
        JointWindows windows = new JointWindows(1, hosts.size(), Processors.executor());
        List<CompletableFuture<WindowDone>> answers = new ArrayList<>();
        for (int i = 0; i < hosts.size(); i++) {
            RunWindow grant = grants.get(i).setHosts(hosts.size()).build();
            answers.add(windows.join(hosts.get(i), grant, threads));
        }
        return answers;
    }

    /** A VM that always has something to execute, one that a timer wakes, and the end of one. */
    @Test
    void hostThatIsAloneRunsTheWindowsThatItWouldBeGranted() throws Exception {
        HostCommand[] vms = {create("busy", 0), create("idle", 0, 4 * MILLI)};
        try (HostSimulation granted = host(1);
                HostSimulation alone = host(1)) {
            run(granted, 20 * MILLI, vms);
            long steps = machines.get("busy").instructions();
            WindowDone done = answer(
                    alone,
                    ahead(0, MILLI, 20 * MILLI).addAllCommands(List.of(vms)).build());
            assertThat(done.getUntilNanos()).isEqualTo(MILLI); // its VMs' reports are to be told of
            assertThat(done.getWindows()).isEqualTo(1);
            done = answer(alone, ahead(MILLI, 2 * MILLI, 20 * MILLI).build());
            assertThat(done.getUntilNanos()).isEqualTo(20 * MILLI);
            assertThat(done.getWindows()).isEqualTo(19);
            assertThat(machines.get("busy").instructions()).isEqualTo(steps);
        }
    }

    @Test
    void hostThatIsAloneStopsAtTheEndOfTheWindowInWhichItSends() throws Exception {
        try (HostSimulation host = host(2)) {
            run(host, 2 * MILLI, ending("a", 41_666_700), create("b", 0));
            WindowDone done =
                    answer(host, ahead(2 * MILLI, 3 * MILLI, 100 * MILLI).build());
            assertThat(done.getSentList()).hasSize(1);
            assertThat(done.getUntilNanos()).isEqualTo(42 * MILLI);
        }
    }

    @Test
    void hostThatIsAloneLeavesToOthersWhatTheyHaveAPartIn() throws Exception {
        try (HostSimulation host = host(1)) {
            run(host, 2 * MILLI, create("a", 0));
            RunWindow.Builder grant = ahead(2 * MILLI, 3 * MILLI, 7 * MILLI + 1);
            assertThat(answer(host, grant.build()).getUntilNanos()).isEqualTo(7 * MILLI);
            grant = ahead(7 * MILLI, 8 * MILLI, 100 * MILLI).setPlannedNanos(10 * MILLI + 1);
            assertThat(answer(host, grant.build()).getUntilNanos()).isEqualTo(10 * MILLI + 1);
        }
    }

    /** Again and again, as threads may come in any order. */
    @Test
    void severalHostsRunTheWindowsThatEachWouldBeGranted() {
        try (HostSimulation granted = host(1)) {
            run(granted, 40 * MILLI, create("reference", 0));
        }
        long steps = machines.get("reference").instructions();
        for (int i = 0; i < 100; i++) {
            List<HostSimulation> hosts = new ArrayList<>();
            List<RunWindow.Builder> grants = new ArrayList<>();
            for (int h = 0; h < HOSTS; h++) {
                HostSimulation host = host(1);
                run(host, 2 * MILLI, create("vm-" + h, 0));
                hosts.add(host);
                grants.add(ahead(2 * MILLI, 3 * MILLI, 40 * MILLI));
            }
            for (CompletableFuture<WindowDone> answer : join(hosts, grants)) {
                assertThat(answer.join().getUntilNanos()).isEqualTo(40 * MILLI);
                assertThat(answer.join().getWindows()).isEqualTo(38);
            }
            for (int h = 0; h < HOSTS; h++) {
                assertThat(machines.get("vm-" + h).instructions()).isEqualTo(steps);
            }
            hosts.forEach(HostSimulation::close);
        }
    }

    @Test
    void severalHostsStopAtTheEndOfTheWindowInWhichOneSends() {
        try (HostSimulation first = host(1);
                HostSimulation second = host(1);
                HostSimulation idle = host(1)) {
            run(first, 2 * MILLI, create("long", 0));
            run(second, 2 * MILLI, ending("short", 7 * MILLI + 1));
            run(idle, 2 * MILLI, create("rare", 0, 5 * MILLI));
            List<WindowDone> answers = join(
                            List.of(first, second, idle),
                            List.of(
                                    ahead(2 * MILLI, 3 * MILLI, 100 * MILLI),
                                    ahead(2 * MILLI, 3 * MILLI, 100 * MILLI),
                                    ahead(2 * MILLI, 3 * MILLI, 100 * MILLI).setIdle(true)))
                    .stream()
                    .map(CompletableFuture::join)
                    .toList();
            assertThat(answers).allMatch(done -> done.getUntilNanos() == 8 * MILLI && done.getWindows() == 6);
            assertThat(answers).extracting(WindowDone::getSentCount).containsExactly(0, 1, 0);
            assertThat(machines.get("long").instructions()).isEqualTo(8 * MILLI / 100);
            assertThat(answers.get(2).getNextDueNanos()).isEqualTo(10 * MILLI); // it woke at 5 ms
        }
    }

    @Test
    void hostThatBreaksLeavesTheOthersAtTheEndOfTheWindow() {
        HostSimulation cursed = ToyHosts.host("cursed", 1, 0, machine -> {
            throw new IllegalStateException("this bug is part of a test");
        });
        try (cursed;
                HostSimulation host = host(1)) {
            run(host, 2 * MILLI, create("a", 0));
            List<CompletableFuture<WindowDone>> answers = join(
                    List.of(host, cursed),
                    List.of(
                            ahead(2 * MILLI, 3 * MILLI, 100 * MILLI),
                            ahead(2 * MILLI, 3 * MILLI, 100 * MILLI).addCommands(create("b", 0))));
            assertThat(answers.getFirst().join().getUntilNanos()).isEqualTo(3 * MILLI);
            assertThatThrownBy(answers.getLast()::join).hasMessageContaining("this bug is part of a test");
        }
    }

    /** Hosts that are done with the first window at the same moment: a second run of what follows would be beside the first. */
    @Test
    void whatFollowsTheFirstWindowIsRunOnce() {
        int grants = 20_000;
        AtomicInteger runs = new AtomicInteger();
        try (HostSimulation first = host(1);
                HostSimulation second = host(1)) {
            RunWindow idle = ahead(0, MILLI, 2 * MILLI).setIdle(true).build();
            for (int i = 0; i < grants; i++) {
                JointWindows windows = new JointWindows(i, 2, after -> {
                    runs.incrementAndGet();
                    after.run();
                });
                CompletableFuture<WindowDone> one = windows.join(first, idle, threads);
                CompletableFuture<WindowDone> other = windows.join(second, idle, threads);
                one.join();
                other.join();
            }
        }
        assertThat(runs).hasValue(grants);
    }

    @Test
    void hostThatIsClosedAmidWindowsLeavesTheOthers() {
        HostSimulation dying = host(1);
        try (HostSimulation host = host(1)) {
            run(host, 2 * MILLI, create("a", 0));
            run(dying, 2 * MILLI, create("b", 0));
            List<CompletableFuture<WindowDone>> answers = join(
                    List.of(host, dying),
                    List.of(ahead(2 * MILLI, 3 * MILLI, Long.MAX_VALUE), ahead(2 * MILLI, 3 * MILLI, Long.MAX_VALUE)));
            await().until(() -> machines.get("b").instructions() > 10 * MILLI / 100);
            dying.close();
            assertThatThrownBy(answers.getLast()::join).hasMessageContaining("host h is closed");
            assertThat(answers.getFirst().join().getUntilNanos()).isGreaterThan(10 * MILLI);
        }
    }

    @Test
    void hostThatIsNoMoreIsNotWaitedFor() {
        try (HostSimulation host = host(1)) {
            run(host, 2 * MILLI, create("a", 0));
            JointWindows windows = new JointWindows(1, 2, Processors.executor());
            CompletableFuture<WindowDone> answer =
                    windows.join(host, ahead(2 * MILLI, 3 * MILLI, 100 * MILLI).build(), threads);
            windows.miss();
            assertThat(answer.join().getUntilNanos()).isEqualTo(3 * MILLI);
        }
    }
}
