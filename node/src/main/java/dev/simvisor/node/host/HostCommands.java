package dev.simvisor.node.host;

import dev.simvisor.node.host.HostSimulation.Resident;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.node.vmm.Snapshot;
import dev.simvisor.node.vmm.StateRefused;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.node.vmm.mode.VirtualizationMode;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.AbortMigration;
import dev.simvisor.proto.node.CreateVm;
import dev.simvisor.proto.node.GiveUp;
import dev.simvisor.proto.node.HashReport;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.IncomingReady;
import dev.simvisor.proto.node.PrepareIncoming;
import dev.simvisor.proto.node.RestoreVm;
import dev.simvisor.proto.node.SnapshotDone;
import dev.simvisor.proto.node.StartMigration;
import dev.simvisor.proto.node.TakeOver;
import dev.simvisor.proto.node.TakeSnapshot;
import dev.simvisor.proto.node.VmAction;
import dev.simvisor.proto.node.VmReport;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the controller can have done on a host, and what becomes of messages from other hosts. */
final class HostCommands implements AutoCloseable {
    private final HostSimulation host;
    private final MachineFactory machines;
    private final PageStreams streams;
    private final DiskClaims diskClaims;
    private final Cloning cloning;
    private final SortedMap<Long, OutgoingMigration> outgoing = new TreeMap<>();
    private final SortedMap<Long, IncomingMigration> incoming = new TreeMap<>();

    HostCommands(HostSimulation host, MachineFactory machines, PageStreams streams, DiskClaims diskClaims) {
        this.host = host;
        this.machines = machines;
        this.streams = streams;
        this.diskClaims = diskClaims;
        this.cloning = new Cloning(host, this, machines, streams);
    }

    /** Carries out a command at the present virtual time. */
    void execute(HostCommand command) throws InterruptedException {
        long number = command.getNumber();
        switch (command.getCommandCase()) {
            case CREATE -> create(number, command.getCreate());
            case PAUSE -> act(number, command.getPause(), VirtualMachine.State.RUNNING, VirtualMachine::pause);
            case RESUME -> resume(number, command.getResume());
            case STOP -> stop(number, command.getStop());
            case TYPE ->
                type(
                        number,
                        command.getType().getVm(),
                        command.getType().getBytes().toByteArray());
            case SNAPSHOT -> snapshot(number, command.getSnapshot());
            case RESTORE -> restore(number, command.getRestore());
            case HASH -> hash(number, command.getHash().getVm());
            case PREPARE_INCOMING -> prepareIncoming(command.getPrepareIncoming());
            case START_MIGRATION -> startMigration(number, command.getStartMigration());
            case ABORT_MIGRATION -> abortMigration(command.getAbortMigration());
            case TAKE_OVER -> takeOver(command.getTakeOver());
            case GIVE_UP -> giveUp(command.getGiveUp());
            case CLONE -> cloning.copyHere(number, command.getClone());
            case SEND_COPY -> cloning.send(command.getSendCopy());
            case COMMAND_NOT_SET ->
                throw new IllegalArgumentException("a command of a kind this version does not know");
        }
        forgetEnded();
    }

    /** A message from another host has arrived. */
    void arrived(HostMessage message) throws InterruptedException {
        switch (message.getBodyCase()) {
            case HAND_OVER -> {
                IncomingMigration migration = incoming.get(message.getHandOver().getMigration());
                if (migration != null) migration.handOver(message.getHandOver());
            }
            case PAGES_PUSHED -> {
                IncomingMigration migration =
                        incoming.get(message.getPagesPushed().getMigration());
                if (migration != null) migration.pagesPushed(message.getPagesPushed());
            }
            case PAGE_REQUEST -> {
                OutgoingMigration migration =
                        outgoing.get(message.getPageRequest().getMigration());
                if (migration != null) migration.pagesWanted(message.getPageRequest());
            }
            default -> throw new IllegalArgumentException("a message that is not for hosts: " + message.getBodyCase());
        }
        forgetEnded();
    }

    /** Has pages sent first that guests have come to wait for. */
    void askForMissedPages() throws InterruptedException {
        for (IncomingMigration migration : incoming.values()) {
            migration.askForMissedPages();
        }
    }

    /** The migration by which a VM of this host has come without all of its pages, if it lacks some yet. */
    private Optional<IncomingMigration> fetching(String vm) {
        return incoming.values().stream()
                .filter(migration ->
                        migration.isFetching() && migration.vmName().equals(vm))
                .findFirst();
    }

    /** Whether a VM, or a copy of one, is on its way from here or to here. */
    boolean areMoving() {
        return !outgoing.isEmpty() || !incoming.isEmpty() || cloning.isSending();
    }

    // ---- life of VMs ----

    private void create(long number, CreateVm command) throws InterruptedException {
        VmSpec spec = command.getSpec();
        String refusal = refusal(spec);
        if (refusal != null) {
            refuse(number, spec.getName(), refusal);
            return;
        }
        switch (machines.booted(spec)) {
            case Built.Refused(String reason) -> refuse(number, spec.getName(), reason);
            case Built.Ready(var machine) -> {
                VirtualMachine vm =
                        VirtualMachine.started(spec, command.getEpoch(), machine, host.nowNanos(), host.clockHz());
                if (hasItsDisks(number, vm)) {
                    host.adopt(vm);
                    report(number, vm);
                } else {
                    vm.close();
                }
            }
        }
    }

    /** Whether a VM may run as far as its disks go; one that may not is refused. */
    private boolean hasItsDisks(long number, VirtualMachine vm) throws InterruptedException {
        Optional<String> refusal = diskClaims.claim(vm.machine());
        refusal.ifPresent(reason -> refuse(number, vm.name(), "VM " + vm.name() + ": " + reason));
        return refusal.isEmpty();
    }

    /** Why the host takes no VM of that name and mode; null if it does. */
    @Nullable
    String refusal(VmSpec spec) {
        if (host.residents().containsKey(spec.getName())) {
            return "host " + host.name() + " already has a VM " + spec.getName();
        }
        if (VirtualizationMode.named(spec.getMode()).isEmpty()) {
            return VirtualizationMode.refusal(spec.getMode());
        }
        return null;
    }

    /** What a machine is to be made of that carries on a VM, perhaps in another mode than the one it was created in. */
    static VmSpec inMode(String mode, VmSpec spec) {
        return mode.isEmpty() ? spec : spec.toBuilder().setMode(mode).build();
    }

    /** A VM as it begins from another's state, which may yet be there with the same address. */
    static VmSpec cabled(VmSpec.Builder spec, boolean linkDown) {
        if (spec.hasNetwork()) spec.getNetworkBuilder().setLinkDown(linkDown);
        return spec.build();
    }

    private void resume(long number, VmAction action) throws InterruptedException {
        VirtualMachine vm = obedient(number, action.getVm());
        if (vm == null) {
            return;
        }
        if (vm.state() != VirtualMachine.State.PAUSED || hasItsDisks(number, vm)) {
            act(number, vm, VirtualMachine.State.PAUSED, paused -> paused.resume(host.nowNanos()));
        }
    }

    private void act(long number, VmAction action, VirtualMachine.State needed, Consumer<VirtualMachine> what) {
        VirtualMachine vm = obedient(number, action.getVm());
        if (vm != null) {
            act(number, vm, needed, what);
        }
    }

    private void act(long number, VirtualMachine vm, VirtualMachine.State needed, Consumer<VirtualMachine> what) {
        if (vm.state() != needed) {
            refuse(number, vm.name(), "VM " + vm.name() + " is " + lower(vm.state()) + ": expected " + lower(needed));
            return;
        }
        BugContainment.contain(vm, what);
        host.reschedule();
        report(number, vm);
    }

    private static String lower(VirtualMachine.State state) {
        return switch (state) {
            case RUNNING -> "running";
            case PAUSED -> "paused";
            case INCOMING -> "incoming";
            case STOPPED -> "stopped";
            case CRASHED -> "crashed";
        };
    }

    private void stop(long number, VmAction action) throws InterruptedException {
        VirtualMachine vm = obedient(number, action.getVm());
        if (vm != null) {
            vm.stop("stopped");
            guestEnded(vm.name());
            report(number, vm);
            host.destroy(vm);
        }
    }

    private void type(long number, String name, byte[] bytes) {
        Resident resident = host.residents().get(name);
        if (resident != null) {
            BugContainment.contain(resident.vm, vm -> vm.type(bytes));
            for (OutgoingMigration migration : outgoing.values()) {
                if (migration.vmName().equals(name)) {
                    migration.typed(number);
                }
            }
            host.reschedule();
        }
    }

    /** The VM, if it is here and not just being handed over; else the command is refused. */
    @Nullable
    VirtualMachine obedient(long number, String name) {
        String hindrance = hindrance(name);
        Resident resident = host.residents().get(name);
        if (hindrance != null || resident == null) {
            refuse(number, name, String.valueOf(hindrance));
            return null;
        }
        return resident.vm;
    }

    /** Why nothing can be done with a VM at present; null if it is here and not just being handed over. */
    @Nullable
    String hindrance(String name) {
        Resident resident = host.residents().get(name);
        if (resident == null) {
            return "host " + host.name() + " has no VM " + name;
        }
        for (OutgoingMigration migration : outgoing.values()) {
            if (migration.vmName().equals(name) && migration.isSwitching()) {
                return "VM " + name + " is just being handed over: try again";
            }
        }
        return resident.vm.isSuspending() ? Suspension.busy(resident.vm) : null;
    }

    /** Tells a VM's migration, if there is one, that the guest has ended. */
    void guestEnded(String vm) throws InterruptedException {
        for (OutgoingMigration migration : outgoing.values()) {
            if (migration.vmName().equals(vm)) {
                migration.guestEnded();
            }
        }
        Optional<IncomingMigration> fetching = fetching(vm);
        if (fetching.isPresent()) {
            fetching.get().guestEnded();
        }
        forgetEnded();
    }

    // ---- state ----

    private void hash(long number, String name) {
        HashReport.Builder answer = HashReport.newBuilder().setCommand(number).setNanos(host.nowNanos());
        Resident resident = host.residents().get(name);
        if (resident == null) {
            answer.setFailure("host " + host.name() + " has no VM " + name);
        } else {
            answer.setStateHash(resident.vm.stateHash())
                    .setVirtualCycles(resident.vm.machine().cycles());
        }
        host.tellController(HostMessage.newBuilder().setHash(answer));
    }

    private void snapshot(long number, TakeSnapshot command) throws InterruptedException {
        Resident resident = host.residents().get(command.getVm());
        if (resident == null) {
            snapshotFailed(number, "host " + host.name() + " has no VM " + command.getVm());
            return;
        }
        VirtualMachine vm = resident.vm;
        if (fetching(vm.name()).isPresent()) {
            snapshotFailed(
                    number,
                    "VM " + vm.name() + " lacks pages that are on their way: try again when its migration has ended");
            return;
        }
        if (vm.canBeSaved()) {
            write(number, vm, Path.of(command.getFile()));
            return;
        }
        Suspension.of(host, vm, String.format("snapshot-%020d", number), () -> true, new Suspension.Outcome() {
            @Override
            public void suspended() {
                write(number, vm, Path.of(command.getFile()));
                BugContainment.contain(vm, saved -> saved.resume(host.nowNanos()));
                host.reschedule();
            }

            @Override
            public void failed(String reason) {
                snapshotFailed(number, reason);
            }
        });
    }

    private void write(long number, VirtualMachine vm, Path file) {
        SnapshotDone.Builder answer = SnapshotDone.newBuilder().setCommand(number);
        try {
            answer.setStateHash(Snapshot.write(vm, file)).setBytes(Files.size(file));
        } catch (IOException e) {
            answer.setFailure("cannot write " + file + ": " + reason(e));
        }
        host.tellController(HostMessage.newBuilder().setSnapshot(answer));
    }

    /** The JDK's exceptions of files say what went wrong by their class. */
    private static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such folder";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> e.toString();
        };
    }

    private void snapshotFailed(long number, String reason) {
        host.tellController(HostMessage.newBuilder()
                .setSnapshot(SnapshotDone.newBuilder().setCommand(number).setFailure(reason)));
    }

    private void restore(long number, RestoreVm command) throws InterruptedException {
        Path file = Path.of(command.getFile());
        try (Snapshot snapshot = Snapshot.open(file)) {
            String name = command.getName().isEmpty() ? snapshot.spec().getName() : command.getName();
            if (command.hasSaved() && !snapshot.spec().equals(command.getSaved())) {
                refuse(number, name, file + ": holds another VM than when it was looked at: restore it again");
                return;
            }
            VmSpec spec = cabled(snapshot.spec().toBuilder().setName(name), command.getLinkDown());
            VmSpec hosted = inMode(command.getMode(), spec);
            String refusal = refusal(hosted);
            if (refusal != null) {
                refuse(number, name, refusal);
                return;
            }
            switch (machines.blank(hosted)) {
                case Built.Refused(String reason) -> refuse(number, name, reason);
                case Built.Ready(var machine) ->
                    fill(number, command, snapshot, VirtualMachine.incoming(spec, command.getEpoch(), machine));
            }
        } catch (IOException e) {
            refuse(number, command.getName(), "cannot read " + file + ": " + e);
        } catch (StateRefused e) {
            refuse(number, command.getName(), String.valueOf(e.getMessage()));
        }
    }

    private void fill(long number, RestoreVm command, Snapshot snapshot, VirtualMachine vm)
            throws IOException, StateRefused, InterruptedException {
        try {
            snapshot.fill(vm);
        } catch (IOException | StateRefused e) {
            vm.close();
            throw e;
        }
        if (!hasItsDisks(number, vm)) {
            vm.close();
            return;
        }
        host.adopt(vm);
        host.arrived(vm);
        if (!command.getPaused()) {
            BugContainment.contain(vm, restored -> restored.resume(host.nowNanos()));
        }
        report(number, vm);
    }

    // ---- migrations ----

    private void prepareIncoming(PrepareIncoming command) {
        IncomingReady.Builder answer = IncomingReady.newBuilder().setMigration(command.getMigration());
        VmSpec hosted = inMode(command.getMode(), command.getSpec());
        String refusal = refusal(hosted);
        if (refusal != null) {
            answer.setRefusal(refusal);
        } else {
            switch (machines.blank(hosted)) {
                case Built.Refused(String reason) -> answer.setRefusal(reason);
                case Built.Ready(var machine) -> {
                    VirtualMachine vm = VirtualMachine.incoming(command.getSpec(), command.getEpoch(), machine);
                    incoming.put(command.getMigration(), new IncomingMigration(host, command, vm, streams));
                }
            }
        }
        host.tellController(HostMessage.newBuilder().setIncomingReady(answer));
    }

    private void startMigration(long number, StartMigration command) throws InterruptedException {
        Resident resident = host.residents().get(command.getVm());
        if (resident == null) {
            return; // the guest has just ended; the report of that is on its way
        }
        OutgoingMigration migration = new OutgoingMigration(host, number, resident.vm, command, streams);
        outgoing.put(command.getMigration(), migration);
        migration.begin();
    }

    private void abortMigration(AbortMigration command) throws InterruptedException {
        OutgoingMigration source = outgoing.get(command.getMigration());
        if (source != null) {
            source.abort();
        }
        IncomingMigration target = incoming.get(command.getMigration());
        if (target != null) {
            target.abort();
        }
        cloning.abort(command.getMigration());
    }

    private void takeOver(TakeOver command) throws InterruptedException {
        IncomingMigration migration = incoming.get(command.getMigration());
        if (migration != null) {
            migration.takeOver(command.getPaused());
        }
    }

    private void giveUp(GiveUp command) throws InterruptedException {
        OutgoingMigration migration = outgoing.get(command.getMigration());
        if (migration != null) {
            migration.giveUp();
        }
    }

    private void forgetEnded() {
        outgoing.values().removeIf(OutgoingMigration::hasEnded);
        incoming.values().removeIf(IncomingMigration::hasEnded);
        cloning.forgetEnded();
    }

    // ---- answers ----

    void report(long number, VirtualMachine vm) {
        VmReport.Builder report = HostSimulation.report(vm).setCommand(number).setSpec(vm.spec());
        host.tellController(HostMessage.newBuilder().setVm(report));
    }

    void refuse(long number, String vm, String reason) {
        VmReport.Builder report = VmReport.newBuilder()
                .setVm(vm)
                .setCommand(number)
                .setRefused(true)
                .setState(VmState.VM_STATE_UNSPECIFIED)
                .setReason(reason);
        host.tellController(HostMessage.newBuilder().setVm(report));
    }

    /** The host dies: streams are cut. */
    @Override
    public void close() {
        outgoing.values().forEach(OutgoingMigration::cut);
        incoming.values().forEach(IncomingMigration::cut);
        cloning.cut();
    }
}
