package dev.simvisor.controller.cluster;

import com.google.protobuf.ByteString;
import dev.simvisor.config.Names;
import dev.simvisor.config.NaturalOrder;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.cluster.Admission.Newcomer;
import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.controller.cluster.migration.Coordination;
import dev.simvisor.controller.placement.Placement;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.CreateVm;
import dev.simvisor.proto.node.DefineHost;
import dev.simvisor.proto.node.GuestReset;
import dev.simvisor.proto.node.HashReport;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.HostReady;
import dev.simvisor.proto.node.RestoreVm;
import dev.simvisor.proto.node.SnapshotDone;
import dev.simvisor.proto.node.TakeSnapshot;
import dev.simvisor.proto.node.TypeOnConsole;
import dev.simvisor.proto.node.VmAction;
import dev.simvisor.proto.node.VmConsole;
import dev.simvisor.proto.node.VmProgress;
import dev.simvisor.proto.node.VmReport;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hosts, VMs and who owns which: what the controller decides, between two windows, at a virtual time. Used by one thread.
 * Depends on virtual times and names alone.
 */
final class ClusterState {
    static final long MIN_LATENCY_NANOS = 1_000;
    private static final long PAGE_BYTES = 4096;
    private static final long MIN_VM_BYTES = 1 << 20;

    private final Outbox outbox;
    private final Placement placement;
    private final PendingAnswers pending = new PendingAnswers();
    private final EventLog events = new EventLog();
    private final Migrations migrations;
    private final Clones clones;
    private final Arrivals arrivals;
    private final Admission admission = new Admission();
    private final CardAddresses cards = new CardAddresses();
    /** First-fit takes them in this order. */
    private final SortedMap<String, HostEntry> hosts = new TreeMap<>(NaturalOrder.OF_NAMES);

    private final SortedMap<String, VmEntry> vms = new TreeMap<>();
    private long commands;

    ClusterState(Outbox outbox, Placement placement) {
        this.outbox = outbox;
        this.placement = placement;
        this.migrations = new Migrations(this, outbox);
        this.clones = new Clones(this, outbox, admission);
        this.arrivals = new Arrivals(this, outbox);
    }

    EventLog events() {
        return events;
    }

    SortedMap<String, HostEntry> hosts() {
        return hosts;
    }

    SortedMap<String, VmEntry> vms() {
        return vms;
    }

    Migrations migrations() {
        return migrations;
    }

    Clones clones() {
        return clones;
    }

    Arrivals arrivals() {
        return arrivals;
    }

    /** A command with a number of its own. */
    HostCommand.Builder command() {
        return HostCommand.newBuilder().setNumber(++commands);
    }

    // ---- hosts ----

    HostEntry addHost(HostSpec spec) throws Refusal {
        if (spec.getName().isEmpty() || hosts.containsKey(spec.getName())) {
            throw new Refusal(Kind.ALREADY_EXISTS, "host '" + spec.getName() + "': expected a name not yet taken");
        }
        if (spec.getMemoryBytes() < MIN_VM_BYTES || spec.getMemoryBytes() % PAGE_BYTES != 0) {
            throw new Refusal(
                    Kind.INVALID,
                    "host " + spec.getName() + ": memory of " + spec.getMemoryBytes()
                            + " bytes: expected a multiple of 4 KiB from 1 MiB up");
        }
        if (spec.getLink().getLatencyNanos() < MIN_LATENCY_NANOS
                || spec.getLink().getBitsPerSecond() < Byte.SIZE) {
            throw new Refusal(
                    Kind.INVALID,
                    "host " + spec.getName()
                            + ": expected a link with a bandwidth and a latency of at least 1 microsecond");
        }
        RequestFigures.check(spec);
        HostEntry entry = new HostEntry(spec);
        hosts.put(spec.getName(), entry);
        changed(entry);
        return entry;
    }

    void assign(HostEntry host, String node) {
        host.node = node;
        host.state = HostState.HOST_STARTING;
        outbox.define(
                node,
                DefineHost.newBuilder()
                        .setSpec(host.spec)
                        .setNowNanos(outbox.nowNanos())
                        .build());
    }

    void hostUp(HostReady ready) {
        HostEntry host = hosts.get(ready.getHost());
        if (host != null && host.state == HostState.HOST_STARTING) {
            host.cpuModel = ready.getCpuModel();
            admission.learn(ready.getCpuModelsList());
            host.state = HostState.HOST_UP;
            host.reason = "";
            changed(host);
            host.whenUp.forEach(future -> future.complete(host.view()));
            host.whenUp.clear();
        }
    }

    void hostRefused(String name, String reason) {
        HostEntry host = hosts.get(name);
        if (host != null && host.state == HostState.HOST_STARTING) {
            host.whenUp.forEach(future -> future.completeExceptionally(new Refusal(Kind.INVALID, reason)));
            host.whenUp.clear();
            hostDied(host, reason);
        }
    }

    /** A host is no more, and its VMs with it unless a migration saves one. */
    void hostDied(HostEntry host, String reason) {
        if (host.state == HostState.HOST_FAILED) {
            return;
        }
        host.state = HostState.HOST_FAILED;
        host.reason = reason;
        outbox.remove(host.node, host.name());
        pending.lost(host.name(), reason);
        migrations.hostDied(host);
        clones.hostDied(host, reason);
        for (String name : List.copyOf(host.vms)) {
            VmEntry vm = vm(host, name);
            if (vm.migration == 0) {
                ended(vm, VmState.VM_LOST, "host " + host.name() + " died: " + reason, 0);
            }
        }
        changed(host);
        Refusal died = new Refusal(Kind.LOST, "host " + host.name() + " died: " + reason);
        host.whenUp.forEach(future -> future.completeExceptionally(died));
        host.whenUp.clear();
    }

    private VmEntry vm(HostEntry host, String name) {
        VmEntry vm = vms.get(name);
        if (vm == null) {
            throw new IllegalStateException("host " + host.name() + " owns VM " + name + ", which nobody knows");
        }
        return vm;
    }

    Host failHost(String name) throws Refusal {
        HostEntry host = aliveHost(name);
        hostDied(host, "failed on request");
        return host.view();
    }

    void recoverHost(String name, CompletableFuture<Host> answer) throws Refusal {
        HostEntry host = host(name);
        switch (host.state) {
            case HOST_DRAINING, HOST_DRAINED -> {
                host.state = HostState.HOST_UP;
                changed(host);
                answer.complete(host.view());
            }
            case HOST_FAILED -> {
                if (!host.vms.isEmpty()) {
                    throw new Refusal(
                            Kind.NOT_NOW, "host " + name + ": a migration from it is being settled: try again");
                }
                String node = host.node.isEmpty() ? outbox.nodeFor(host.spec) : host.node;
                if (node.isEmpty()) {
                    String wanted = host.spec.getNode();
                    throw new Refusal(
                            Kind.NOT_NOW,
                            "host " + name + ": its node is gone: expected "
                                    + (wanted.isEmpty() ? "any node" : "node " + wanted)
                                    + " to have joined again");
                }
                host.whenUp.add(answer);
                assign(host, node);
            }
            default -> throw new Refusal(Kind.NOT_NOW, "host " + name + " is up: expected a failed or drained one");
        }
    }

    void drain(String name, MigrationParameters parameters, CompletableFuture<Host> answer) throws Refusal {
        RequestFigures.check(parameters);
        HostEntry host = aliveHost(name);
        if (host.state == HostState.HOST_DRAINING) {
            throw new Refusal(Kind.NOT_NOW, "host " + name + " is being drained already");
        }
        host.state = HostState.HOST_DRAINING;
        changed(host);
        // A VM that is on its way here would arrive on a host that is said to be empty; one that leaves may yet stay.
        // One that is being created has nothing to move yet.
        List<CompletableFuture<?>> unsettled = new ArrayList<>(migrations.settle(host));
        host.vms.forEach(vm -> unsettled.add(vm(host, vm).whenCreated));
        CompletableFuture.allOf(unsettled.toArray(CompletableFuture[]::new))
                .thenRun(() -> moveAway(host, parameters, answer));
    }

    /** A host takes part in one migration or copy of a clone at a time, so that its link is that one's alone. */
    boolean hasFreeLink(HostEntry host) {
        return !migrations.useLinkOf(host) && !clones.useLinkOf(host);
    }

    /** What waits for links may begin. A clone is first: its original would have moved. */
    void linksFreed() {
        clones.startQueued();
        migrations.startQueued();
    }

    private void moveAway(HostEntry host, MigrationParameters parameters, CompletableFuture<Host> answer) {
        if (host.state != HostState.HOST_DRAINING) {
            drained(host, null, answer);
            return;
        }
        List<CompletableFuture<MigrationReport>> moves = new ArrayList<>();
        for (String vm : List.copyOf(host.vms)) {
            CompletableFuture<MigrationReport> end = new CompletableFuture<>();
            moves.add(end);
            try {
                MigrateRequest request = MigrateRequest.newBuilder()
                        .setVm(vm)
                        .setParameters(parameters)
                        .build();
                Migrations.Entry migration = migrations.get(migrate(request).getNumber());
                if (migration != null) {
                    migration.whenEnded.add(end);
                }
            } catch (Refusal e) {
                end.completeExceptionally(e);
            }
        }
        CompletableFuture.allOf(moves.toArray(CompletableFuture[]::new))
                .whenComplete((done, failure) -> drained(host, failure, answer));
    }

    private void drained(HostEntry host, @Nullable Throwable failure, CompletableFuture<Host> answer) {
        if (host.state != HostState.HOST_DRAINING) {
            answer.completeExceptionally(
                    new Refusal(Kind.LOST, "host " + host.name() + " is not being drained any more"));
        } else if (host.vms.isEmpty()) {
            host.state = HostState.HOST_DRAINED;
            changed(host);
            answer.complete(host.view());
        } else {
            host.state = HostState.HOST_UP;
            changed(host);
            String stayed = "host " + host.name() + ": stayed: " + String.join(", ", host.vms);
            String why = failure == null || failure.getCause() == null
                    ? ""
                    : ": " + failure.getCause().getMessage();
            answer.completeExceptionally(new Refusal(Kind.NOT_NOW, stayed + why));
        }
    }

    // ---- VMs ----

    void createVm(CreateVmRequest request, CompletableFuture<Vm> answer) throws Refusal {
        VmSpec spec = request.getSpec();
        check(spec);
        Newcomer newcomer = Newcomer.created(spec);
        HostEntry host = request.getHost().isEmpty() ? place(newcomer, null) : aliveHost(request.getHost());
        VirtualizationMode mode = admission.mode(host, newcomer);
        VmEntry vm = addVm(cards.created(Admission.settled(spec, host), vms.values()), host, mode);
        CreateVm create =
                CreateVm.newBuilder().setSpec(vm.spec).setEpoch(vm.epoch).build();
        ask(host, command().setCreate(create).build(), report -> created(vm, report, answer), answer);
    }

    VmEntry addVm(VmSpec spec, HostEntry host, VirtualizationMode mode) {
        VmEntry before = vms.get(spec.getName());
        long epoch = before == null ? 1 : before.epoch + 1;
        VmEntry vm = new VmEntry(spec, host, mode, epoch, outbox.nowNanos());
        vms.put(spec.getName(), vm);
        host.vms.add(spec.getName());
        host.reservedBytes += spec.getMemoryBytes();
        changed(vm);
        return vm;
    }

    void created(VmEntry vm, VmReport report, CompletableFuture<Vm> answer) {
        if (report.getRefused()) {
            notCreated(vm, new Refusal(Kind.INVALID, report.getReason()), answer);
        } else {
            created(vm, report.getState(), report.getProgress(), answer);
        }
    }

    void created(VmEntry vm, VmState state, VmProgress asOf, CompletableFuture<Vm> answer) {
        vm.state = state;
        changed(vm, asOf);
        CardAddresses.notPluggedIn(vm, asOf).ifPresent(event -> events.add(outbox.nowNanos(), event));
        answer.complete(vm.view());
        vm.whenCreated.complete(null);
    }

    /** Nothing is left of it. */
    void notCreated(VmEntry vm, Refusal refusal, CompletableFuture<Vm> answer) {
        ended(vm, VmState.VM_STOPPED, String.valueOf(refusal.getMessage()), 1);
        vms.remove(vm.name(), vm);
        answer.completeExceptionally(refusal);
    }

    void check(VmSpec spec) throws Refusal {
        String name = spec.getName();
        if (!Names.isName(name)) {
            throw new Refusal(Kind.INVALID, "VM name '" + name + "': expected " + Names.RULE);
        }
        VmEntry existing = vms.get(name);
        if (existing != null && !existing.hasEnded()) {
            throw new Refusal(Kind.ALREADY_EXISTS, "VM " + name + " exists already, on host " + existing.host);
        }
        long bytes = spec.getMemoryBytes();
        if (bytes < MIN_VM_BYTES || bytes % PAGE_BYTES != 0) {
            throw new Refusal(
                    Kind.INVALID,
                    "VM " + name + ": memory of " + bytes + " bytes: expected a multiple of 4 KiB from 1 MiB up");
        }
        RequestFigures.check(spec);
        admission.checkCpuModel(spec);
        checkDisks(spec);
        checkBoot(spec);
        for (VmEntry other : vms.values()) {
            if (!other.hasEnded()) checkDisks(spec, other.spec);
        }
    }

    private static void checkDisks(VmSpec spec) throws Refusal {
        Set<String> disks = new HashSet<>();
        for (String disk : spec.getDisksList()) {
            checkFile(spec.getName(), disk);
            if (!disks.add(disk)) {
                throw new Refusal(Kind.INVALID, "VM " + spec.getName() + ": disk " + disk + " is given twice");
            }
        }
    }

    private static void checkBoot(VmSpec spec) throws Refusal {
        Boot boot = spec.getBoot();
        checkFile(spec.getName(), boot.getLinux().getKernel());
        checkFile(spec.getName(), boot.getLinux().getInitrd());
        checkFile(spec.getName(), boot.getMultiboot().getKernel());
        for (String module : boot.getMultiboot().getModulesList()) {
            checkFile(spec.getName(), module);
        }
        checkFile(spec.getName(), boot.getFirmware().getImage());
    }

    /** What no file can be called, as with a zero byte in it, a host need not be bothered with. */
    private static void checkFile(String vm, String file) throws Refusal {
        try {
            var _ = Path.of(file);
        } catch (InvalidPathException invalid) {
            throw new Refusal(Kind.INVALID, "VM " + vm + ": expected the name of a file: " + invalid.getReason());
        }
    }

    /** Two guests that write to one disk would destroy what is on it. */
    private static void checkDisks(VmSpec spec, VmSpec other) throws Refusal {
        for (String disk : spec.getDisksList()) {
            if (other.getDisksList().contains(disk)) {
                throw new Refusal(
                        Kind.NOT_NOW,
                        "VM " + spec.getName() + ": disk " + disk + " is in use by VM " + other.getName());
            }
        }
    }

    HostEntry place(Newcomer newcomer, @Nullable HostEntry except) throws Refusal {
        List<HostEntry> asked =
                hosts.values().stream().filter(host -> host != except).toList();
        List<Host> candidates = asked.stream()
                .filter(host -> admission.refusal(host, newcomer).isEmpty())
                .map(HostEntry::view)
                .toList();
        HostEntry chosen =
                hosts.get(placement.choose(newcomer.spec(), candidates).orElse(""));
        if (chosen == null) {
            throw admission.noHost(asked, newcomer);
        }
        return chosen;
    }

    void pause(String name, CompletableFuture<Vm> answer) throws Refusal {
        VmEntry vm = aliveVm(name);
        HostCommand command =
                command().setPause(VmAction.newBuilder().setVm(name)).build();
        ask(ownerOf(vm), command, report -> obeyed(vm, report, answer), answer);
    }

    void resume(String name, CompletableFuture<Vm> answer) throws Refusal {
        VmEntry vm = aliveVm(name);
        HostCommand command =
                command().setResume(VmAction.newBuilder().setVm(name)).build();
        ask(ownerOf(vm), command, report -> obeyed(vm, report, answer), answer);
    }

    void stop(String name, CompletableFuture<Vm> answer) throws Refusal {
        VmEntry vm = aliveVm(name);
        HostCommand command =
                command().setStop(VmAction.newBuilder().setVm(name)).build();
        ask(ownerOf(vm), command, report -> obeyed(vm, report, answer), answer);
    }

    private void obeyed(VmEntry vm, VmReport report, CompletableFuture<Vm> answer) {
        if (report.getRefused()) {
            answer.completeExceptionally(new Refusal(Kind.NOT_NOW, report.getReason()));
            return;
        }
        apply(vm, report);
        answer.complete(vm.view());
    }

    void type(String name, byte[] bytes) throws Refusal {
        VmEntry vm = aliveVm(name);
        TypeOnConsole.Builder type = TypeOnConsole.newBuilder().setVm(name).setBytes(ByteString.copyFrom(bytes));
        HostCommand command = command().setType(type).build();
        outbox.command(vm.host, command);
        migrations.typed(vm.migration, command);
    }

    void snapshot(String name, String file, CompletableFuture<SnapshotVmResponse> answer) throws Refusal {
        VmEntry vm = aliveVm(name);
        checkFile(name, file);
        TakeSnapshot.Builder take = TakeSnapshot.newBuilder().setVm(name).setFile(file);
        HostCommand command = command().setSnapshot(take).build();
        String owner = ownerOf(vm).name();
        outbox.command(owner, command);
        pending.awaitSnapshot(command.getNumber(), owner, answer);
    }

    void restore(RestoreVmRequest request, CompletableFuture<Vm> answer) throws Refusal {
        checkFile(request.getName(), request.getFile());
        VmSpec saved = SnapshotHeader.read(Path.of(request.getFile()));
        String name = request.getName().isEmpty() ? saved.getName() : request.getName();
        VmSpec spec = saved.toBuilder().setName(name).build();
        check(spec);
        Newcomer newcomer = Newcomer.restored(spec);
        HostEntry host = request.getHost().isEmpty() ? place(newcomer, null) : aliveHost(request.getHost());
        VirtualizationMode mode = admission.mode(host, newcomer);
        VmEntry vm = addVm(CardAddresses.copied(Admission.settled(spec, host), vms.values()), host, mode);
        RestoreVm.Builder restore = RestoreVm.newBuilder()
                .setFile(request.getFile())
                .setSaved(saved)
                .setName(spec.getName())
                .setEpoch(vm.epoch)
                .setPaused(request.getPaused())
                .setMode(mode.toString())
                .setLinkDown(vm.spec.getNetwork().getLinkDown());
        ask(host, command().setRestore(restore).build(), report -> created(vm, report, answer), answer);
    }

    void stateHash(String name, CompletableFuture<StateHashResponse> answer) throws Refusal {
        VmEntry vm = aliveVm(name);
        HostCommand command =
                command().setHash(VmAction.newBuilder().setVm(name)).build();
        String owner = ownerOf(vm).name();
        outbox.command(owner, command);
        pending.awaitHash(command.getNumber(), owner, answer);
    }

    void ask(HostEntry host, HostCommand command, Consumer<VmReport> whenAnswered, CompletableFuture<?> answer) {
        outbox.command(host.name(), command);
        pending.awaitVm(command.getNumber(), host.name(), whenAnswered, answer);
    }

    // ---- migrations ----

    MigrationReport migrate(MigrateRequest request) throws Refusal {
        RequestFigures.check(request.getParameters());
        VmEntry vm = aliveVm(request.getVm());
        if (vm.migration != 0) {
            throw new Refusal(
                    Kind.NOT_NOW, "VM " + vm.name() + " is being migrated already, by migration " + vm.migration);
        }
        HostEntry source = ownerOf(vm);
        Newcomer newcomer = Newcomer.migrated(vm);
        HostEntry target = request.getTarget().isEmpty() ? place(newcomer, source) : aliveHost(request.getTarget());
        if (target == source) {
            throw new Refusal(Kind.INVALID, "VM " + vm.name() + " is on host " + target.name() + " already");
        }
        VirtualizationMode mode = admission.mode(target, newcomer);
        checkAlgorithm(vm, request.getParameters().getAlgorithm());
        return migrations
                .accept(vm, source, target, mode, request.getParameters())
                .report
                .build();
    }

    private static void checkAlgorithm(VmEntry vm, MigrationAlgorithm algorithm) throws Refusal {
        boolean leavesPages = algorithm == MigrationAlgorithm.POST_COPY || algorithm == MigrationAlgorithm.HYBRID;
        if (leavesPages && vm.mode == VirtualizationMode.PARA) {
            throw new Refusal(
                    Kind.INVALID,
                    "VM " + vm.name()
                            + " runs in mode para, where the target needs all pages of a guest to carry it on:"
                            + " expected algorithm pre-copy or stop-and-copy");
        }
    }

    MigrationReport cancel(long number) throws Refusal {
        Migrations.Entry entry = migration(number);
        if (!entry.hasEnded()) {
            migrations.handle(number, new Coordination.Event.CancelAsked());
        }
        MigrationReport report = entry.report.build();
        if (report.getState() == MigrationState.MIGRATION_FETCHING) {
            throw new Refusal(
                    Kind.NOT_NOW,
                    "migration " + number + " cannot be cancelled any more: VM " + entry.vm.name() + " goes on at host "
                            + entry.vm.host + ", and neither host alone has all of its pages");
        }
        if (report.getState() != MigrationState.MIGRATION_CANCELLED) {
            throw new Refusal(
                    Kind.NOT_NOW,
                    "migration " + number + " cannot be cancelled any more: it is "
                            + report.getState()
                                    .name()
                                    .substring("MIGRATION_".length())
                                    .toLowerCase(Locale.ROOT));
        }
        return report;
    }

    Migrations.Entry migration(long number) throws Refusal {
        Migrations.Entry entry = migrations.get(number);
        if (entry == null) {
            throw new Refusal(Kind.NOT_FOUND, "no migration " + number);
        }
        return entry;
    }

    /** The point of decision of a hand-over. */
    void passOwnership(VmEntry vm, HostEntry source, HostEntry target, VirtualizationMode mode) {
        source.vms.remove(vm.name());
        source.reservedBytes -= vm.spec.getMemoryBytes();
        target.vms.add(vm.name());
        vm.host = target.name();
        vm.mode = mode;
        vm.epoch++;
        changed(vm);
    }

    /** A VM is no more. */
    void ended(VmEntry vm, VmState state, String reason, int exitStatus) {
        HostEntry host = hosts.get(vm.host);
        if (host != null && host.vms.remove(vm.name())) {
            host.reservedBytes -= vm.spec.getMemoryBytes();
        }
        vm.state = state;
        vm.reason = reason;
        vm.exitStatus = exitStatus;
        vm.console.close();
        if (vm.migration != 0 && state != VmState.VM_LOST) {
            migrations.handle(vm.migration, new Coordination.Event.GuestEnded("the VM ended: " + reason));
        }
        changed(vm);
        vm.whenCreated.complete(null);
    }

    // ---- what hosts say ----

    /** A message has arrived at the controller. */
    void arrived(String from, HostMessage message) {
        if (clones.arrived(message)) {
            return;
        }
        switch (message.getBodyCase()) {
            case VM -> vmReport(from, message.getVm());
            case INCOMING_READY -> {
                var ready = message.getIncomingReady();
                migrations.handle(
                        ready.getMigration(),
                        ready.getRefusal().isEmpty()
                                ? new Coordination.Event.TargetReady()
                                : new Coordination.Event.TargetRefused(ready.getRefusal()));
            }
            case PROGRESS ->
                migrations.round(
                        message.getProgress().getMigration(),
                        message.getProgress().getRound());
            case HAND_OVER -> migrations.handOver(message.getHandOver());
            case VERIFIED -> migrations.verified(message.getVerified());
            case WHOLE -> migrations.whole(message.getWhole());
            case PAGES_PUSHED -> migrations.pushed(message.getPagesPushed());
            case PAGE_REQUEST -> {} // between the two hosts of a migration
            case BROKEN ->
                migrations.handle(
                        message.getBroken().getMigration(),
                        new Coordination.Event.SourceBroken(message.getBroken().getReason()));
            case SNAPSHOT -> snapshotDone(message.getSnapshot());
            case HASH -> hashDone(message.getHash());
            case GUEST_RESET -> guestReset(message.getGuestReset());
            case BODY_NOT_SET -> throw new IllegalArgumentException("a message of a kind this version does not know");
        }
    }

    private void vmReport(String from, VmReport report) {
        if (pending.vm(report)) {
            return;
        }
        VmEntry vm = vms.get(report.getVm());
        // One that was lost with its host stays so, though something that the host had said before is still arriving.
        if (vm != null && !vm.hasEnded() && vm.host.equals(from) && vm.epoch == report.getEpoch()) {
            apply(vm, report);
        }
    }

    /** It may have happened at the VM's host before the present one. */
    private void guestReset(GuestReset reset) {
        VmEntry vm = vms.get(reset.getVm());
        if (vm != null && vm.isOfEpoch(reset.getEpoch())) {
            vm.resets++;
            Vm happened = vm.view().toBuilder().setReason("reset by the guest").build();
            events.add(outbox.nowNanos(), Event.newBuilder().setVm(happened));
        }
    }

    private void apply(VmEntry vm, VmReport report) {
        switch (report.getState()) {
            case VM_STOPPED, VM_CRASHED -> {
                vm.take(report.getProgress());
                ended(vm, report.getState(), report.getReason(), report.getExitStatus());
            }
            default -> {
                vm.state = report.getState();
                changed(vm, report.getProgress());
            }
        }
    }

    private void snapshotDone(SnapshotDone done) {
        CompletableFuture<SnapshotVmResponse> answer = pending.snapshot(done.getCommand());
        if (answer == null) {
            return;
        }
        if (done.getFailure().isEmpty()) {
            answer.complete(SnapshotVmResponse.newBuilder()
                    .setStateHash(done.getStateHash())
                    .setBytes(done.getBytes())
                    .build());
        } else {
            answer.completeExceptionally(new Refusal(Kind.INVALID, done.getFailure()));
        }
    }

    private void hashDone(HashReport done) {
        CompletableFuture<StateHashResponse> answer = pending.hash(done.getCommand());
        if (answer == null) {
            return;
        }
        if (done.getFailure().isEmpty()) {
            answer.complete(StateHashResponse.newBuilder()
                    .setStateHash(done.getStateHash())
                    .setVirtualCycles(done.getVirtualCycles())
                    .setVirtualNanos(done.getNanos())
                    .build());
        } else {
            answer.completeExceptionally(new Refusal(Kind.NOT_NOW, done.getFailure()));
        }
    }

    void console(VmConsole piece) {
        VmEntry vm = vms.get(piece.getVm());
        if (vm != null && vm.isOfEpoch(piece.getEpoch())) {
            vm.console.append(piece);
        }
    }

    /** One that has been handed over is also, until its last page has left, where it was before. */
    void progress(String from, VmProgress progress) {
        VmEntry vm = vms.get(progress.getVm());
        if (vm != null && vm.host.equals(from)) {
            vm.take(progress);
        }
    }

    // ---- finding ----

    HostEntry host(String name) throws Refusal {
        HostEntry host = hosts.get(name);
        if (host == null) {
            throw Refusal.unknown("host", name, hosts.keySet());
        }
        return host;
    }

    HostEntry aliveHost(String name) throws Refusal {
        HostEntry host = host(name);
        if (!host.isAlive()) {
            throw new Refusal(
                    Kind.NOT_NOW, "host " + name + " is not up" + (host.reason.isEmpty() ? "" : ": " + host.reason));
        }
        return host;
    }

    VmEntry vm(String name) throws Refusal {
        VmEntry vm = vms.get(name);
        if (vm == null) {
            throw Refusal.unknown("VM", name, vms.keySet());
        }
        return vm;
    }

    VmEntry aliveVm(String name) throws Refusal {
        VmEntry vm = vm(name);
        if (!vm.isAlive()) {
            throw new Refusal(
                    Kind.NOT_NOW,
                    "VM " + name + " is " + vm.stateName() + (vm.reason.isEmpty() ? "" : ": " + vm.reason));
        }
        return vm;
    }

    HostEntry ownerOf(VmEntry vm) throws Refusal {
        HostEntry host = host(vm.host);
        if (!host.isAlive()) {
            throw new Refusal(Kind.NOT_NOW, "VM " + vm.name() + ": its host " + vm.host + " is dead");
        }
        return host;
    }

    // ---- telling ----

    private void changed(HostEntry host) {
        events.add(outbox.nowNanos(), Event.newBuilder().setHost(host.view()));
    }

    private void changed(VmEntry vm) {
        events.add(outbox.nowNanos(), Event.newBuilder().setVm(vm.view()));
    }

    /** With the VM's figures as of when its host said so; those of the last window depend on where windows end. */
    private void changed(VmEntry vm, VmProgress asOf) {
        events.add(outbox.nowNanos(), Event.newBuilder().setVm(vm.view(asOf)));
    }

    void changed(MigrationReport report) {
        events.add(outbox.nowNanos(), Event.newBuilder().setMigration(report));
    }
}
