package dev.simvisor.controller.cluster;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.proto.api.ExitCount;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.VmProgress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** What the controller knows of one VM. */
final class VmEntry {
    VmSpec spec;
    VmState state = VmState.VM_CREATING;
    /** The owner: the only host that may run it. */
    String host;
    /** How many owners it has had, this one included. */
    long epoch;
    /** The epoch it was created in: earlier ones belong to ended VMs of the same name. */
    final long firstEpoch;

    final long createdNanos;
    /** Virtual cycles per virtual second: those of the host it began on. */
    final long clockHz;
    /** The mode in which the owner runs it. */
    VirtualizationMode mode;

    String reason = "";
    int exitStatus;
    /** The migration it takes part in; 0 for none. */
    long migration;

    long virtualCycles;
    long instructions;
    /** By its guest. */
    int resets;
    /** Exits to the VMM of its present host. */
    List<ExitCount> exits = List.of();

    final ConsoleLog console;
    /** Completes when the host has made it, or nothing will come of it. */
    final CompletableFuture<Void> whenCreated = new CompletableFuture<>();

    VmEntry(VmSpec spec, HostEntry host, VirtualizationMode mode, long epoch, long createdNanos) {
        this.spec = spec;
        this.host = host.name();
        this.clockHz = host.clockHz();
        this.mode = mode;
        this.epoch = epoch;
        this.firstEpoch = epoch;
        this.createdNanos = createdNanos;
        this.console = new ConsoleLog(spec.getName());
    }

    String name() {
        return spec.getName();
    }

    /** Whether what is of that epoch is this VM's, rather than that of an earlier one of its name. */
    boolean isOfEpoch(long anEpoch) {
        return anEpoch >= firstEpoch && anEpoch <= epoch;
    }

    /** Whether there is something to run, pause or migrate. */
    boolean isAlive() {
        return switch (state) {
            case VM_RUNNING, VM_PAUSED -> true;
            case VM_CREATING, VM_STOPPED, VM_CRASHED, VM_LOST, VM_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
        };
    }

    /** Whether nothing will ever come of it any more. */
    boolean hasEnded() {
        return switch (state) {
            case VM_STOPPED, VM_CRASHED, VM_LOST -> true;
            case VM_CREATING, VM_RUNNING, VM_PAUSED, VM_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
        };
    }

    /** The state in the words of messages. */
    String stateName() {
        return state.name().substring("VM_".length()).toLowerCase(Locale.ROOT);
    }

    /** Takes its figures from what its host says. */
    void take(VmProgress progress) {
        virtualCycles = progress.getVirtualCycles();
        instructions = progress.getInstructions();
        exits = progress.getExitsList();
    }

    /** With figures of its past. */
    Vm view(VmProgress asOf) {
        return view().toBuilder()
                .setVirtualCycles(asOf.getVirtualCycles())
                .setInstructions(asOf.getInstructions())
                .clearExits()
                .addAllExits(asOf.getExitsList())
                .build();
    }

    Vm view() {
        return Vm.newBuilder()
                .setSpec(spec)
                .setState(state)
                .setHost(host)
                .setEpoch(epoch)
                .setCreatedNanos(createdNanos)
                .setReason(reason)
                .setExitStatus(exitStatus)
                .setMigration(migration)
                .setVirtualCycles(virtualCycles)
                .setInstructions(instructions)
                .addAllExits(exits)
                .setConsoleBytes(console.bytes())
                .setMode(mode.toString())
                .setResets(resets)
                .build();
    }
}
