package dev.simvisor.node.host;

import dev.simvisor.node.host.HostSimulation.Resident;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.node.vmm.StateRefused;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.CloneVm;
import dev.simvisor.proto.node.SendCopy;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes second VMs from the states of a host's: here, sharing what memory they can, or over a page stream on another host, where
 * they arrive as migrated VMs do. The first VM is the same afterwards as without, but for a paravirtual one, whose guest has to
 * suspend itself, and for accessed flags that a guest clears without invalidating the translation, as its pages are walked for
 * again; copies take no virtual time but that of the path between two hosts. The second one's processor begins with an empty TLB,
 * as after a migration: by a cost model that charges page walks it falls a little behind.
 */
final class Cloning {
    private final HostSimulation host;
    private final HostCommands commands;
    private final MachineFactory machines;
    private final PageStreams streams;
    private final SortedMap<Long, OutgoingCopy> outgoing = new TreeMap<>();

    Cloning(HostSimulation host, HostCommands commands, MachineFactory machines, PageStreams streams) {
        this.host = host;
        this.commands = commands;
        this.machines = machines;
        this.streams = streams;
    }

    // ---- on this host

    /** @param number of the command, which is answered when there is a clone or none will be */
    void copyHere(long number, CloneVm command) throws InterruptedException {
        VirtualMachine original = commands.obedient(number, command.getVm());
        if (original == null) {
            return;
        }
        if (original.canBeSaved()) {
            begin(number, command, original, make(command, original));
            return;
        }
        Suspension.of(host, original, String.format("clone-%020d", number), () -> true, new Suspension.Outcome() {
            @Override
            public void suspended() {
                Made made = make(command, original);
                BugContainment.contain(original, saved -> saved.resume(host.nowNanos()));
                host.reschedule();
                begin(number, command, original, made);
            }

            @Override
            public void failed(String reason) {
                commands.refuse(number, command.getName(), reason);
            }
        });
    }

    /** A second VM, or one line that says why there is none. */
    private sealed interface Made {
        record Clone(VirtualMachine vm) implements Made {}

        record Refused(String reason) implements Made {}
    }

    /** The clone is paused, and nobody's yet. */
    private Made make(CloneVm command, VirtualMachine original) {
        VmSpec spec =
                HostCommands.cabled(original.spec().toBuilder().setName(command.getName()), command.getLinkDown());
        VmSpec hosted = HostCommands.inMode(command.getMode(), spec);
        String refusal = commands.refusal(hosted);
        if (refusal != null) {
            return new Made.Refused(refusal);
        }
        return switch (machines.blank(hosted)) {
            case Built.Refused(String reason) -> new Made.Refused(reason);
            case Built.Ready(var machine) ->
                filled(VirtualMachine.incoming(spec, command.getEpoch(), machine), original);
        };
    }

    private static Made filled(VirtualMachine clone, VirtualMachine original) {
        try {
            clone.takeFrom(original);
            return new Made.Clone(clone);
        } catch (StateRefused e) {
            clone.close();
            return new Made.Refused("VM " + clone.name() + ": " + e.getMessage());
        }
    }

    private void begin(long number, CloneVm command, VirtualMachine original, Made made) {
        switch (made) {
            case Made.Refused(String reason) -> commands.refuse(number, command.getName(), reason);
            case Made.Clone(VirtualMachine clone) -> {
                host.adopt(clone);
                host.arrived(clone);
                if (!command.getPaused()) {
                    run(clone, original);
                }
                commands.report(number, clone);
            }
        }
    }

    private void run(VirtualMachine clone, VirtualMachine original) {
        if (original.isRunning()) {
            BugContainment.contain(clone, made -> made.resumeWith(original));
        } else {
            BugContainment.contain(clone, made -> made.resume(host.nowNanos()));
        }
    }

    // ---- on another

    void send(SendCopy command) throws InterruptedException {
        String hindrance = commands.hindrance(command.getVm());
        Resident resident = host.residents().get(command.getVm());
        if (hindrance != null || resident == null) {
            host.tellBroken(command.getMigration(), String.valueOf(hindrance));
            return;
        }
        OutgoingCopy copy = new OutgoingCopy(host, resident.vm, command, streams);
        outgoing.put(command.getMigration(), copy);
        copy.begin();
    }

    boolean isSending() {
        return !outgoing.isEmpty();
    }

    /** The controller has no use for the copy any more. */
    void abort(long migration) {
        OutgoingCopy copy = outgoing.get(migration);
        if (copy != null) {
            copy.end();
        }
    }

    void forgetEnded() {
        outgoing.values().removeIf(OutgoingCopy::hasEnded);
    }

    /** The host dies: streams are cut. */
    void cut() {
        outgoing.values().forEach(OutgoingCopy::end);
    }
}
