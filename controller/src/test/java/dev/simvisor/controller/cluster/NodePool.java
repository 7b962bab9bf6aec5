package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Node processes with a host each, a few of them spare: while one is killed and done with, the next ones have started. */
final class NodePool implements AutoCloseable {
    private static final int NODES = 4;
    /** These nodes live for too short a time to repay what HotSpot's second compiler costs. */
    private static final List<String> ONE_COMPILER = List.of("-XX:TieredStopAtLevel=1");

    /** A node and its host. */
    record Member(String node, String host, String mode, NodeProcess process) {}

    private final Controller controller;
    private final Path testimonies;
    private final List<NodeProcess> processes = new ArrayList<>();
    private final Deque<Member> idle = new ArrayDeque<>();
    private final Set<String> dead = new HashSet<>();
    private final Set<String> defined = new HashSet<>();
    private long killedNanos;
    private long slowestNoticeNanos;

    /** @param modes what the hosts support: each one of them, in turn */
    NodePool(Controller controller, List<String> modes, Path testimonies) throws IOException {
        this.controller = controller;
        this.testimonies = testimonies;
        for (int i = 0; i < NODES; i++) {
            startOne(modes.get(i % modes.size()));
        }
    }

    private void startOne(String mode) throws IOException {
        int number = processes.size() + 1;
        String node = "n" + number;
        NodeProcess process = NodeProcess.start(
                ONE_COMPILER, WitnessedNode.class, testimonies.toString(), controller.address(), node);
        processes.add(process);
        idle.add(new Member(node, "h" + number, mode, process));
    }

    /** The node that has been idle for longest, once it has joined and its host is up. */
    Member take() {
        Member member = idle.remove();
        await().atMost(60, TimeUnit.SECONDS)
                .until(() -> get(controller.control().nodes()).contains(member.node()));
        if (defined.add(member.host())) {
            get(controller.control().defineHost(GuestMigration.host(member.host(), member.node(), member.mode())));
        }
        return member;
    }

    /** Takes a node back; in the place of a dead one another of its mode is started. */
    void giveBack(Member member) throws IOException {
        if (isDead(member)) {
            startOne(member.mode());
        } else {
            idle.add(member);
        }
    }

    /** SIGKILL; returns when the process is no more. */
    synchronized void kill(Member member) {
        dead.add(member.node());
        killedNanos = System.nanoTime();
        member.process().killAndAwait();
    }

    synchronized boolean isDead(Member member) {
        return dead.contains(member.node());
    }

    /** Waits until the controller knows of all deaths. */
    synchronized void awaitDeaths() {
        await().pollInterval(5, TimeUnit.MILLISECONDS)
                .atMost(30, TimeUnit.SECONDS)
                .until(() -> get(controller.control().nodes()).stream().noneMatch(dead::contains));
        if (killedNanos != 0) {
            slowestNoticeNanos = Math.max(slowestNoticeNanos, System.nanoTime() - killedNanos);
            killedNanos = 0;
        }
    }

    synchronized long slowestNoticeNanos() {
        return slowestNoticeNanos;
    }

    int started() {
        return processes.size();
    }

    /** Ends the cluster: the nodes that were not killed end too, and in good order. */
    void dismiss() throws InterruptedException {
        List<Member> living = new ArrayList<>();
        while (!idle.isEmpty()) {
            living.add(take());
        }
        controller.control().close();
        for (Member member : living) {
            assertThat(member.process().exitStatus())
                    .as("exit status of node %s", member.node())
                    .isZero();
        }
    }

    @Override
    public void close() {
        processes.forEach(NodeProcess::close);
    }
}
