package dev.simvisor.controller.cluster;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.cluster.Admission.Newcomer;
import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.AbortMigration;
import dev.simvisor.proto.node.CloneVm;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.IncomingReady;
import dev.simvisor.proto.node.IncomingVerified;
import dev.simvisor.proto.node.PrepareIncoming;
import dev.simvisor.proto.node.SendCopy;
import dev.simvisor.proto.node.TakeOver;
import dev.simvisor.proto.node.VmProgress;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * Clones: second VMs that go on from the state of others. On the same host that is one command. To another host the state
 * travels as a migration's does, but the source keeps its VM whatever happens, so there is nothing to decide but whether the
 * target's becomes a VM: it does when it is whole, and no sooner.
 *
 * <pre>{@code
 * stateDiagram-v2
 *     [*] --> QUEUED: to another host
 *     QUEUED --> PREPARING: the links of both hosts are free
 *     QUEUED --> [*]: a host's death, the first has ended or moved
 *     PREPARING --> COPYING: the target has reserved memory
 *     COPYING --> SENT: the source's hand-over has arrived
 *     SENT --> [*]: verified (the second VM comes into being), or not
 *     PREPARING --> [*]: refused, a host's death
 *     COPYING --> [*]: stream lost, a host's death, the guest's end
 *     SENT --> [*]: the target's death
 * }</pre>
 */
final class Clones {
    /** Transfers of clones are numbered apart from migrations, whose numbers people see. */
    private static final long FIRST_TRANSFER = 1L << 32;

    /** How far a clone on its way to another host is. */
    private enum Phase {
        /** The link of one of the hosts is a migration's, or another clone's. */
        QUEUED,
        /** The target has been asked to reserve what the VM needs. */
        PREPARING,
        /** The source sends. */
        COPYING,
        /** The source has nothing more to do with it. */
        SENT
    }

    private static final class Transfer {
        final long number;
        final VmEntry original;
        final HostEntry source;
        final VmEntry clone;
        final HostEntry target;
        final boolean paused;
        final CompletableFuture<Vm> answer;
        Phase phase = Phase.QUEUED;

        Transfer(
                long number,
                VmEntry original,
                HostEntry source,
                VmEntry clone,
                HostEntry target,
                boolean paused,
                CompletableFuture<Vm> answer) {
            this.number = number;
            this.original = original;
            this.source = source;
            this.clone = clone;
            this.target = target;
            this.paused = paused;
            this.answer = answer;
        }

        /** Another VM may have its name by now, or the host. */
        boolean hasOriginal() {
            return original.isAlive() && original.host.equals(source.name());
        }

        Refusal originalGone() {
            return new Refusal(Kind.NOT_NOW, "VM " + original.name() + " has ended or moved meanwhile: try again");
        }
    }

    private final ClusterState cluster;
    private final Outbox outbox;
    private final Admission admission;
    private final SortedMap<Long, Transfer> transfers = new TreeMap<>();
    private long nextTransfer = FIRST_TRANSFER;

    Clones(ClusterState cluster, Outbox outbox, Admission admission) {
        this.cluster = cluster;
        this.outbox = outbox;
        this.admission = admission;
    }

    // ---- asking ----

    void begin(CloneVmRequest request, CompletableFuture<Vm> answer) throws Refusal {
        VmEntry original = cluster.aliveVm(request.getVm());
        if (original.migration != 0) {
            throw new Refusal(
                    Kind.NOT_NOW,
                    "VM " + original.name() + " is being migrated, by migration " + original.migration
                            + ": clone it when that has ended");
        }
        VmSpec spec = original.spec.toBuilder().setName(request.getName()).build();
        cluster.check(spec);
        HostEntry source = cluster.ownerOf(original);
        Newcomer newcomer = Newcomer.cloned(original, spec);
        HostEntry target = target(request, source, newcomer);
        VirtualizationMode mode = admission.mode(target, newcomer);
        VmEntry clone = cluster.addVm(CardAddresses.copied(spec, cluster.vms().values()), target, mode);
        if (target == source) {
            cloneOn(source, original, clone, request.getPaused(), answer);
        } else {
            Transfer transfer =
                    new Transfer(nextTransfer++, original, source, clone, target, request.getPaused(), answer);
            transfers.put(transfer.number, transfer);
            startQueued();
        }
    }

    /** Begins, in the order in which they were asked for, those whose hosts' links are free. */
    void startQueued() {
        for (Transfer transfer : List.copyOf(transfers.values())) {
            if (transfer.phase != Phase.QUEUED) {
                continue;
            }
            if (!transfer.hasOriginal()) {
                fail(transfer, transfer.originalGone());
            } else if (cluster.hasFreeLink(transfer.source) && cluster.hasFreeLink(transfer.target)) {
                prepare(transfer);
            }
        }
    }

    /** Whether a host's link is a clone's at present. */
    boolean useLinkOf(HostEntry host) {
        return transfers.values().stream()
                .filter(transfer -> transfer.phase == Phase.PREPARING || transfer.phase == Phase.COPYING)
                .anyMatch(transfer -> transfer.source == host || transfer.target == host);
    }

    /** The original's host, where a clone costs least, unless another is asked for or that one takes it not. */
    private HostEntry target(CloneVmRequest request, HostEntry source, Newcomer newcomer) throws Refusal {
        if (!request.getHost().isEmpty()) {
            return cluster.aliveHost(request.getHost());
        }
        return admission.refusal(source, newcomer).isEmpty() ? source : cluster.place(newcomer, null);
    }

    private void cloneOn(
            HostEntry host, VmEntry original, VmEntry clone, boolean paused, CompletableFuture<Vm> answer) {
        CloneVm.Builder order = CloneVm.newBuilder()
                .setVm(original.name())
                .setName(clone.name())
                .setEpoch(clone.epoch)
                .setPaused(paused)
                .setMode(clone.mode.toString())
                .setLinkDown(clone.spec.getNetwork().getLinkDown());
        cluster.ask(
                host,
                cluster.command().setClone(order).build(),
                report -> cluster.created(clone, report, answer),
                answer);
    }

    private void prepare(Transfer transfer) {
        transfer.phase = Phase.PREPARING;
        outbox.command(
                transfer.target.name(),
                cluster.command()
                        .setPrepareIncoming(PrepareIncoming.newBuilder()
                                .setMigration(transfer.number)
                                .setSpec(transfer.clone.spec)
                                .setEpoch(transfer.clone.epoch)
                                .setMode(transfer.clone.mode.toString()))
                        .build());
    }

    // ---- hearing ----

    /** A message from a host; false when it is about no clone's transfer. */
    boolean arrived(HostMessage message) {
        long number = switch (message.getBodyCase()) {
            case INCOMING_READY -> message.getIncomingReady().getMigration();
            case HAND_OVER -> message.getHandOver().getMigration();
            case VERIFIED -> message.getVerified().getMigration();
            case BROKEN -> message.getBroken().getMigration();
            case VM, PROGRESS, SNAPSHOT, HASH, PAGE_REQUEST, PAGES_PUSHED, WHOLE, GUEST_RESET, BODY_NOT_SET -> 0;
        };
        Transfer transfer = transfers.get(number);
        if (transfer != null) {
            heard(transfer, message);
        }
        return number >= FIRST_TRANSFER;
    }

    private void heard(Transfer transfer, HostMessage message) {
        switch (message.getBodyCase()) {
            case INCOMING_READY -> ready(transfer, message.getIncomingReady());
            case HAND_OVER -> sent(transfer);
            case VERIFIED -> verified(transfer, message.getVerified());
            case BROKEN ->
                fail(transfer, new Refusal(Kind.NOT_NOW, message.getBroken().getReason()));
            case VM, PROGRESS, SNAPSHOT, HASH, PAGE_REQUEST, PAGES_PUSHED, WHOLE, GUEST_RESET, BODY_NOT_SET ->
                throw new AssertionError("not about a transfer");
        }
    }

    private void ready(Transfer transfer, IncomingReady ready) {
        if (!ready.getRefusal().isEmpty()) {
            fail(transfer, new Refusal(Kind.INVALID, ready.getRefusal()));
            return;
        }
        if (!transfer.hasOriginal()) {
            fail(transfer, transfer.originalGone());
            return;
        }
        transfer.phase = Phase.COPYING;
        outbox.command(
                transfer.source.name(),
                cluster.command()
                        .setSendCopy(SendCopy.newBuilder()
                                .setMigration(transfer.number)
                                .setVm(transfer.original.name())
                                .setTarget(transfer.target.name())
                                .setTransferAddress(outbox.transferAddress(transfer.target.node))
                                .setPath(Migrations.path(transfer.source, transfer.target)))
                        .build());
    }

    private void sent(Transfer transfer) {
        transfer.phase = Phase.SENT;
        cluster.linksFreed();
    }

    private void verified(Transfer transfer, IncomingVerified verified) {
        if (!verified.getFailure().isEmpty()) {
            fail(transfer, new Refusal(Kind.NOT_NOW, verified.getFailure()));
            return;
        }
        transfers.remove(transfer.number);
        outbox.command(
                transfer.target.name(),
                cluster.command()
                        .setTakeOver(TakeOver.newBuilder()
                                .setMigration(transfer.number)
                                .setVm(transfer.clone.name())
                                .setEpoch(transfer.clone.epoch)
                                .setPaused(transfer.paused))
                        .build());
        VmState state = transfer.paused ? VmState.VM_PAUSED : VmState.VM_RUNNING;
        cluster.created(transfer.clone, state, VmProgress.getDefaultInstance(), transfer.answer);
    }

    /** The host is dead already; what was on its way from or to it will not arrive, unless all of it had left. */
    void hostDied(HostEntry host, String reason) {
        for (Transfer transfer : List.copyOf(transfers.values())) {
            if (transfer.target == host || transfer.source == host && transfer.phase != Phase.SENT) {
                fail(transfer, new Refusal(Kind.LOST, "host " + host.name() + " died: " + reason));
            }
        }
    }

    /** The original goes on at the source, and nothing is left at the target. */
    private void fail(Transfer transfer, Refusal refusal) {
        transfers.remove(transfer.number);
        for (HostEntry host : List.of(transfer.source, transfer.target)) {
            if (host.isAlive()) {
                AbortMigration.Builder abort = AbortMigration.newBuilder()
                        .setMigration(transfer.number)
                        .setReason(String.valueOf(refusal.getMessage()));
                outbox.command(
                        host.name(), cluster.command().setAbortMigration(abort).build());
            }
        }
        cluster.notCreated(transfer.clone, refusal, transfer.answer);
        cluster.linksFreed();
    }
}
