package dev.simvisor.controller.cluster;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.cluster.migration.Coordination;
import dev.simvisor.controller.cluster.migration.Coordination.Action;
import dev.simvisor.controller.cluster.migration.Coordination.Outcome;
import dev.simvisor.controller.cluster.migration.Coordination.State;
import dev.simvisor.proto.api.CompressionReport;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.NamedDuration;
import dev.simvisor.proto.api.PostCopyReport;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.api.WallClock;
import dev.simvisor.proto.node.AbortMigration;
import dev.simvisor.proto.node.GiveUp;
import dev.simvisor.proto.node.HandOver;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.IncomingVerified;
import dev.simvisor.proto.node.IncomingWhole;
import dev.simvisor.proto.node.PagesPushed;
import dev.simvisor.proto.node.PrepareIncoming;
import dev.simvisor.proto.node.StartMigration;
import dev.simvisor.proto.node.TakeOver;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** All migrations of the cluster: queues them, carries out what {@link Coordination} decides, and writes the reports. */
final class Migrations {
    /** One migration. */
    static final class Entry {
        final VmEntry vm;
        final HostEntry source;
        final HostEntry target;
        /** In which the target is to run the VM. */
        final VirtualizationMode mode;

        final MigrationReport.Builder report;
        final List<CompletableFuture<MigrationReport>> whenEnded = new ArrayList<>();
        /** The last that was typed on the VM's console since the migration was asked for. */
        final TypedLately typed = new TypedLately();

        State state = new State.Queued();
        boolean begun;
        long begunNanos;
        long handOverNanos;
        long committedNanos;
        long begunWall;
        long handOverWall;

        @Nullable
        HandOver handOver;

        /** What has followed after the hand-over. */
        final PostCopyReport.Builder followed = PostCopyReport.newBuilder();

        /** The target is the VM's owner. */
        boolean committed;
        /** The source has memory that it needs until the last page has been sent. */
        boolean heldAtSource;

        Entry(VmEntry vm, HostEntry source, HostEntry target, VirtualizationMode mode, MigrationReport.Builder report) {
            this.vm = vm;
            this.source = source;
            this.target = target;
            this.mode = mode;
            this.report = report;
        }

        long number() {
            return report.getNumber();
        }

        boolean hasEnded() {
            return state instanceof State.Ended;
        }

        boolean isQueued() {
            return state instanceof State.Queued;
        }
    }

    private final ClusterState cluster;
    private final Outbox outbox;
    private final SortedMap<Long, Entry> entries = new TreeMap<>();
    /** Those that have not ended: there may be many more that have. */
    private final SortedMap<Long, Entry> open = new TreeMap<>();

    Migrations(ClusterState cluster, Outbox outbox) {
        this.cluster = cluster;
        this.outbox = outbox;
    }

    // ---- asking ----

    /** Accepts a migration that {@link ClusterState} has found possible. */
    Entry accept(
            VmEntry vm, HostEntry source, HostEntry target, VirtualizationMode mode, MigrationParameters parameters) {
        MigrationReport.Builder report = MigrationReport.newBuilder()
                .setNumber(entries.isEmpty() ? 1 : entries.lastKey() + 1)
                .setVm(vm.name())
                .setSource(source.name())
                .setTarget(target.name())
                .setParameters(parameters)
                .setState(MigrationState.MIGRATION_QUEUED)
                .setRequestedNanos(outbox.nowNanos());
        Entry entry = new Entry(vm, source, target, mode, report);
        entries.put(entry.number(), entry);
        open.put(entry.number(), entry);
        vm.migration = entry.number();
        target.reservedBytes += vm.spec.getMemoryBytes();
        cluster.changed(entry.report.build());
        startQueued();
        return entry;
    }

    @Nullable
    Entry get(long number) {
        return entries.get(number);
    }

    List<MigrationReport> reports() {
        return entries.values().stream().map(entry -> entry.report.build()).toList();
    }

    long active() {
        return open.size();
    }

    // ---- hearing ----

    void handle(long number, Coordination.Event event) {
        Entry entry = entries.get(number);
        if (entry == null || entry.hasEnded()) {
            return;
        }
        Coordination.Step step = Coordination.next(entry.state, event);
        boolean moved = !entry.state.equals(step.state());
        entry.state = step.state();
        if (moved) {
            entry.report.setState(reportState(entry.state));
        }
        step.actions().forEach(action -> perform(entry, action));
        if (moved) {
            cluster.changed(entry.report.build());
        }
        if (entry.hasEnded()) {
            entry.whenEnded.forEach(future -> future.complete(entry.report.build()));
            entry.whenEnded.clear();
            cluster.linksFreed();
        }
    }

    /** The VM's owner has been told to type something. */
    void typed(long number, HostCommand command) {
        Entry entry = entries.get(number);
        if (entry != null) {
            entry.typed.add(command);
        }
    }

    void round(long number, RoundReport round) {
        Entry entry = entries.get(number);
        if (entry != null && !entry.hasEnded()) {
            entry.report.addRounds(round).setTotalBytes(entry.report.getTotalBytes() + round.getBytes());
            if (round.hasCompression()) {
                entry.report.setCompression(sum(entry.report.getCompression(), round.getCompression()));
            }
            cluster.changed(entry.report.build());
        }
    }

    private static CompressionReport sum(CompressionReport some, CompressionReport others) {
        long before = some.getBytesBefore() + others.getBytesBefore();
        long after = some.getBytesAfter() + others.getBytesAfter();
        return CompressionReport.newBuilder()
                .setPages(some.getPages() + others.getPages())
                .setBytesBefore(before)
                .setBytesAfter(after)
                .setRatio(after == 0 ? 1 : (double) before / after)
                .build();
    }

    void handOver(HandOver handOver) {
        Entry entry = entries.get(handOver.getMigration());
        if (entry == null || entry.hasEnded()) {
            return;
        }
        entry.handOver = handOver;
        entry.handOverNanos = outbox.nowNanos();
        entry.handOverWall = System.nanoTime();
        entry.report.setSourceStateHash(handOver.getStateHash()).setSwitchOverCause(handOver.getSwitchOverCause());
        handle(entry.number(), new Coordination.Event.HandOverArrived(handOver.getMissingPages() == 0));
    }

    void verified(IncomingVerified verified) {
        Entry entry = entries.get(verified.getMigration());
        if (entry == null || entry.hasEnded()) {
            return;
        }
        entry.report.setTargetStateHash(verified.getStateHash());
        handle(
                entry.number(),
                verified.getFailure().isEmpty()
                        ? new Coordination.Event.Verified()
                        : new Coordination.Event.NotVerified(verified.getFailure()));
    }

    /** Pages that follow after the hand-over have come to the target. It may come to no more, so that nobody else will tell. */
    void pushed(PagesPushed pushed) {
        Entry entry = entries.get(pushed.getMigration());
        if (entry == null || entry.hasEnded()) {
            return;
        }
        long pages = 0;
        for (int run = 1; run < pushed.getRunsCount(); run += 2) {
            pages += Integer.toUnsignedLong(pushed.getRuns(run));
        }
        PostCopyReport.Builder followed = entry.followed;
        followed.setPushedPages(followed.getPushedPages() + (pushed.getDemanded() ? 0 : pages))
                .setDemandedPages(followed.getDemandedPages() + (pushed.getDemanded() ? pages : 0))
                .setZeroPages(followed.getZeroPages() + pushed.getZeroPages())
                .setBytes(followed.getBytes() + pushed.getBytes());
        entry.report.setTotalBytes(entry.report.getTotalBytes() + pushed.getBytes());
        if (entry.heldAtSource) {
            reportFollowed(entry);
        }
    }

    private void reportFollowed(Entry entry) {
        entry.report.setPostCopy(entry.followed.setDurationNanos(outbox.nowNanos() - entry.committedNanos));
    }

    /** The VM that runs at the target has its last pages. */
    void whole(IncomingWhole whole) {
        Entry entry = entries.get(whole.getMigration());
        if (entry == null || entry.hasEnded()) {
            return;
        }
        entry.report.setPostCopy(whole.getPostCopy()).setTotalNanos(outbox.nowNanos() - entry.begunNanos);
        entry.report.getWallBuilder().setTotalNanos(System.nanoTime() - entry.begunWall);
        handle(entry.number(), new Coordination.Event.Whole());
    }

    /** The host is dead already; returns with all migrations that it took part in having heard of it. */
    void hostDied(HostEntry host) {
        for (Entry entry : List.copyOf(open.values())) {
            if (entry.source == host) {
                handle(entry.number(), new Coordination.Event.SourceDied());
            } else if (entry.target == host) {
                handle(entry.number(), new Coordination.Event.TargetDied());
            }
        }
    }

    /** A host is to be emptied: nothing sets out for it any more. The ends of the migrations that it takes part in now. */
    List<CompletableFuture<MigrationReport>> settle(HostEntry host) {
        List<CompletableFuture<MigrationReport>> ends = new ArrayList<>();
        for (Entry entry : List.copyOf(open.values())) {
            if (entry.target == host && entry.isQueued()) {
                handle(
                        entry.number(),
                        new Coordination.Event.TargetRefused("host " + host.name() + " is being drained"));
            } else if (!entry.hasEnded() && (entry.source == host || entry.target == host)) {
                CompletableFuture<MigrationReport> end = new CompletableFuture<>();
                entry.whenEnded.add(end);
                ends.add(end);
            }
        }
        return ends;
    }

    // ---- doing ----

    /** Begins, in the order in which they were asked for, those whose hosts' links are free. */
    void startQueued() {
        for (Entry entry : List.copyOf(open.values())) {
            if (entry.isQueued() && cluster.hasFreeLink(entry.source) && cluster.hasFreeLink(entry.target)) {
                handle(entry.number(), new Coordination.Event.Begin());
            }
        }
    }

    /** Whether a host's link is a migration's at present. */
    boolean useLinkOf(HostEntry host) {
        return open.values().stream()
                .filter(entry -> !entry.isQueued())
                .anyMatch(entry -> entry.source == host || entry.target == host);
    }

    private void perform(Entry entry, Action action) {
        switch (action) {
            case Action.PrepareTarget() -> prepareTarget(entry);
            case Action.StartSource() -> startSource(entry);
            case Action.KeepAtSource(String reason) -> abort(entry, entry.source, reason);
            case Action.DiscardAtTarget(String reason) -> abort(entry, entry.target, reason);
            case Action.WaitForHandOver() -> wait(entry, path(entry).getLatencyNanos());
            case Action.WaitForLastPages() -> wait(entry, 2 * path(entry).getLatencyNanos());
            case Action.Commit() -> commit(entry);
            case Action.GiveUpAtSource() ->
                outbox.command(
                        entry.source.name(),
                        cluster.command()
                                .setGiveUp(GiveUp.newBuilder()
                                        .setMigration(entry.number())
                                        .setVm(entry.vm.name()))
                                .build());
            case Action.LoseVm(String reason) -> cluster.ended(entry.vm, VmState.VM_LOST, reason, 0);
            case Action.Finish(Outcome outcome, String reason) -> finish(entry, outcome, reason);
        }
    }

    private void wait(Entry entry, long nanos) {
        outbox.timer(
                outbox.nowNanos() + nanos,
                String.format("%020d", entry.number()),
                () -> handle(entry.number(), new Coordination.Event.DeadlinePassed()));
    }

    private void prepareTarget(Entry entry) {
        entry.begun = true;
        entry.begunNanos = outbox.nowNanos();
        entry.begunWall = System.nanoTime();
        outbox.command(
                entry.target.name(),
                cluster.command()
                        .setPrepareIncoming(PrepareIncoming.newBuilder()
                                .setMigration(entry.number())
                                .setSpec(entry.vm.spec)
                                .setEpoch(entry.vm.epoch + 1)
                                .setMode(entry.mode.toString())
                                .setSource(entry.source.name())
                                .setPath(path(entry)))
                        .build());
    }

    private void startSource(Entry entry) {
        entry.report.setSetupNanos(outbox.nowNanos() - entry.begunNanos);
        outbox.command(
                entry.source.name(),
                cluster.command()
                        .setStartMigration(StartMigration.newBuilder()
                                .setMigration(entry.number())
                                .setVm(entry.vm.name())
                                .setTarget(entry.target.name())
                                .setTransferAddress(outbox.transferAddress(entry.target.node))
                                .setParameters(entry.report.getParameters())
                                .setPath(path(entry)))
                        .build());
    }

    private static LinkSpec path(Entry entry) {
        return path(entry.source, entry.target);
    }

    /** Between two hosts. */
    static LinkSpec path(HostEntry source, HostEntry target) {
        LinkSpec a = source.spec.getLink();
        LinkSpec b = target.spec.getLink();
        return LinkSpec.newBuilder()
                .setBitsPerSecond(Math.min(a.getBitsPerSecond(), b.getBitsPerSecond()))
                .setLatencyNanos(Math.max(a.getLatencyNanos(), b.getLatencyNanos()))
                .build();
    }

    private void abort(Entry entry, HostEntry host, String reason) {
        HostCommand command = cluster.command()
                .setAbortMigration(
                        AbortMigration.newBuilder().setMigration(entry.number()).setReason(reason))
                .build();
        outbox.command(host.name(), command);
    }

    private void commit(Entry entry) {
        cluster.passOwnership(entry.vm, entry.source, entry.target, entry.mode);
        HandOver handOver = entry.handOver;
        if (handOver == null) {
            throw new IllegalStateException("commit without a hand-over");
        }
        entry.committed = true;
        entry.heldAtSource = handOver.getMissingPages() != 0;
        if (entry.heldAtSource) {
            entry.source.reservedBytes += entry.vm.spec.getMemoryBytes();
        }
        long now = outbox.nowNanos();
        entry.committedNanos = now;
        if (entry.heldAtSource) {
            entry.followed.setMissingPages(handOver.getMissingPages());
            reportFollowed(entry);
        }
        long sentNanos = handOver.getPausedNanos() + handOver.getFinalCopyNanos();
        entry.report
                .setEpoch(entry.vm.epoch)
                .addDowntime(named("last round", handOver.getFinalCopyNanos()))
                .addDowntime(named("hand-over on the link", entry.handOverNanos - sentNanos))
                .addDowntime(named("commit", now - entry.handOverNanos))
                .setDowntimeNanos(now - handOver.getPausedNanos())
                .setTotalNanos(now - entry.begunNanos)
                .setWall(WallClock.newBuilder()
                        .setTotalNanos(System.nanoTime() - entry.begunWall)
                        .setDowntimeNanos(handOver.getWallPausedNanos() + System.nanoTime() - entry.handOverWall));
        outbox.command(
                entry.target.name(),
                cluster.command()
                        .setTakeOver(TakeOver.newBuilder()
                                .setMigration(entry.number())
                                .setVm(entry.vm.name())
                                .setEpoch(entry.vm.epoch)
                                .setPaused(entry.vm.state == VmState.VM_PAUSED))
                        .build());
        // What the source was told to type after it had sent the state would end with it.
        entry.typed.after(handOver.getLastTyped()).forEach(command -> outbox.command(entry.target.name(), command));
    }

    private static NamedDuration named(String name, long nanos) {
        return NamedDuration.newBuilder().setName(name).setNanos(nanos).build();
    }

    private void finish(Entry entry, Outcome outcome, String reason) {
        open.remove(entry.number());
        entry.vm.migration = 0;
        entry.typed.clear();
        if (!entry.committed) {
            entry.target.reservedBytes -= entry.vm.spec.getMemoryBytes();
        }
        if (entry.heldAtSource) {
            entry.source.reservedBytes -= entry.vm.spec.getMemoryBytes();
        }
        entry.report.setReason(reason).setEndedNanos(outbox.nowNanos());
        if (outcome != Outcome.COMMITTED && entry.begun) {
            entry.report.setTotalNanos(outbox.nowNanos() - entry.begunNanos);
            entry.report.getWallBuilder().setTotalNanos(System.nanoTime() - entry.begunWall);
            if (entry.heldAtSource) {
                reportFollowed(entry);
            }
        }
    }

    private static MigrationState reportState(State state) {
        return switch (state) {
            case State.Queued() -> MigrationState.MIGRATION_QUEUED;
            case State.Preparing() -> MigrationState.MIGRATION_PREPARING;
            case State.Copying(), State.SourceLost() -> MigrationState.MIGRATION_COPYING;
            case State.Switching(boolean sourceAlive, boolean whole) -> MigrationState.MIGRATION_SWITCHING;
            case State.Fetching(), State.Orphaned() -> MigrationState.MIGRATION_FETCHING;
            case State.Ended(Outcome outcome) ->
                switch (outcome) {
                    case COMMITTED -> MigrationState.MIGRATION_COMPLETED;
                    case CANCELLED -> MigrationState.MIGRATION_CANCELLED;
                    case FAILED, VM_LOST, GUEST_ENDED -> MigrationState.MIGRATION_FAILED;
                };
        };
    }
}
