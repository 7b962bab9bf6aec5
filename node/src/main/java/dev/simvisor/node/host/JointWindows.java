package dev.simvisor.node.host;

import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The windows that hosts of a node are granted together. They run the first, each on its own thread, and then those that the
 * controller would grant next, one after the other, until one of them has sent something: up to a time nobody else has anything to
 * do, so what they do is the same as if the controller had been asked each time. What follows is mere computing, and done by
 * {@link Processors}. Only a host that takes part in a migration, and may wait for pages of another one, stays on its own thread.
 */
final class JointWindows {
    /** A host with its grant; {@code dueNanos} is when it must run next. */
    private static final class Member {
        final HostSimulation host;
        final RunWindow grant;
        final Executor thread;
        final CompletableFuture<WindowDone> done = new CompletableFuture<>();
        long dueNanos;

        Member(HostSimulation host, RunWindow grant, Executor thread) {
            this.host = host;
            this.grant = grant;
            this.thread = thread;
        }

        void begin() {
            try {
                if (!grant.getIdle()) host.begin(grant);
                dueNanos = host.nextDueNanos();
            } catch (Throwable bug) { // the host dies of it, and the others go on
                done.completeExceptionally(bug);
            }
        }

        void follow(long from, long until) {
            try {
                host.follow(from, until);
                dueNanos = host.nextDueNanos();
            } catch (Throwable bug) {
                done.completeExceptionally(bug);
            }
        }

        boolean hasBroken() {
            return done.isCompletedExceptionally();
        }

        void end(long until, long windows) {
            try {
                done.complete(host.done(grant, until, windows));
            } catch (Throwable bug) {
                done.completeExceptionally(bug);
            }
        }
    }

    private final long window;
    private final int hosts;
    private final Executor pool;
    private final List<Member> members = new ArrayList<>();
    private int awaited;

    /**
     * @param hosts how many are granted the windows
     * @param pool runs what follows the first window of several hosts
     */
    JointWindows(long window, int hosts, Executor pool) {
        this.window = window;
        this.hosts = Math.max(1, hosts);
        this.awaited = this.hosts;
        this.pool = pool;
    }

    /** Number of the first. */
    long window() {
        return window;
    }

    /**
     * Has a host run its part.
     *
     * @param thread the host's own
     * @return what it answers, or the bug that it dies of
     */
    CompletableFuture<WindowDone> join(HostSimulation host, RunWindow grant, Executor thread) {
        Member member = new Member(host, grant, thread);
        thread.execute(() -> {
            member.begin();
            arrive(member);
        });
        return member.done;
    }

    /** A host that was granted the windows is no more. */
    void miss() {
        if (isLast(List.of())) {
            end();
        }
    }

    private void arrive(Member member) {
        if (isLast(List.of(member))) {
            end();
        }
    }

    /** Whether all that is awaited is there with this. */
    private boolean isLast(List<Member> arrived) {
        synchronized (members) {
            members.addAll(arrived);
            return --awaited == 0;
        }
    }

    /** All have run the first window. */
    private void end() {
        if (hosts == 1) {
            goOn();
        } else {
            pool.execute(this::goOn);
        }
    }

    private void goOn() {
        if (members.isEmpty()) {
            return;
        }
        RunWindow grant = members.getFirst().grant;
        long until = grant.getUntilNanos();
        long windows = 1;
        for (long from = nextDueNanos(); mayGoOn() && isAlone(grant, from); from = nextDueNanos()) {
            until = followingEnd(grant, from);
            follow(from, until);
            windows++;
        }
        for (Member member : members) {
            member.end(until, windows);
        }
    }

    private boolean mayGoOn() {
        for (Member member : members) {
            if (member.hasBroken() || member.host.hasSent()) {
                return false;
            }
        }
        return members.size() == hosts;
    }

    private long nextDueNanos() {
        long next = Long.MAX_VALUE;
        for (Member member : members) {
            next = Math.min(next, member.dueNanos);
        }
        return next;
    }

    /** Whether the window that the controller would grant next has nothing in it for anybody else. */
    private static boolean isAlone(RunWindow grant, long from) {
        return from < Math.min(grant.getPlannedNanos(), grant.getAloneUntilNanos())
                && followingEnd(grant, from) <= grant.getAloneUntilNanos();
    }

    private static long followingEnd(RunWindow grant, long from) {
        return Math.min(from + grant.getLookaheadNanos(), grant.getPlannedNanos());
    }

    /** Runs a window of those that have something to do in it. */
    private void follow(long from, long until) {
        if (hosts == 1) {
            members.getFirst().follow(from, until);
            return;
        }
        List<Runnable> computing = new ArrayList<>(hosts);
        List<CompletableFuture<Void>> waiting = new ArrayList<>();
        for (Member member : members) {
            if (member.dueNanos < until) {
                if (member.host.mayWait()) {
                    waiting.add(CompletableFuture.runAsync(() -> member.follow(from, until), member.thread));
                } else {
                    computing.add(() -> member.follow(from, until));
                }
            }
        }
        Processors.runAll(computing);
        waiting.forEach(CompletableFuture::join);
    }
}
