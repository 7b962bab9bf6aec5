package dev.simvisor.node.vmm.para.image;

import static java.util.Objects.requireNonNull;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.proto.state.SuspendedDomainState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Hosts between which the built-in guest goes to and fro, each with machine frames of its own, and what it says there. */
final class Hosts implements AutoCloseable {
    static final int FRAMES = 2048;
    private static final long HERTZ = 100_000_000;
    private static final long MILLI = HERTZ / 1000;

    /** The pages of an image that are not zero, and the rest of it. */
    record Saved(List<byte[]> pages, SuspendedDomainState state, String hash) {}

    private final MachineMemory memory = new MachineMemory(16 * FRAMES);
    private final MachineAddressMap[] maps = {new MachineAddressMap(), new MachineAddressMap()};
    private final List<ParavirtualMachine> machines = new ArrayList<>();
    /** How often a machine asked for its devices. */
    int timesWired;

    final StringBuilder console = new StringBuilder();

    Hosts() {
        // Somebody else has the lowest machine frames of the second host.
        machine(1);
    }

    /** An empty machine on host 0 or 1. */
    ParavirtualMachine machine(int host) {
        ParavirtualMachine machine = new ParavirtualMachine(
                new DomainSettings(FRAMES << 12, 1, CpuModel.BASELINE, HERTZ, 1000, 0),
                memory,
                maps[host],
                new ExitLedger(ExitCosts.NONE),
                ProcessorCosts.NONE,
                Interpreter::new,
                backends -> timesWired++);
        machine.consoleTo(value -> console.append(value == '\r' ? "" : (char) value));
        machines.add(machine);
        return machine;
    }

    void close(ParavirtualMachine machine) {
        machines.remove(machine);
        machine.close();
    }

    ParavirtualMachine booted(String commands) throws IOException, InvalidImageException {
        ParavirtualMachine machine = machine(0);
        try (var elf = requireNonNull(Domain.class.getResourceAsStream("/dev/simvisor/node/guest/builtin-xen.elf"))) {
            machine.boot(new Image("builtin-xen.elf", elf.readAllBytes()), null, "run=\"" + commands + "\"");
        }
        return machine;
    }

    static RunOutcome runFor(ParavirtualMachine machine, long millis) {
        return machine.runUntil(machine.cycles() + millis * MILLI);
    }

    /** Runs until the guest says something, at most ten seconds. */
    void runUntilSaid(ParavirtualMachine machine, String text) {
        for (int n = 0; n < 1000 && console.indexOf(text) < 0; n++) {
            RunOutcome outcome = runFor(machine, 10);
            if (!(outcome instanceof RunOutcome.DeadlineReached || outcome instanceof RunOutcome.Idle)) break;
        }
        if (console.indexOf(text) < 0) throw new AssertionError("'" + text + "' not said: " + console);
    }

    void type(ParavirtualMachine machine, String text) {
        machine.type(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Has the guest suspend itself. */
    static void suspend(ParavirtualMachine machine) {
        machine.requestSuspension();
        RunOutcome end = runFor(machine, 100);
        if (!(end instanceof RunOutcome.Suspended)) throw new AssertionError(end.toString());
    }

    static Saved save(ParavirtualMachine machine) {
        List<byte[]> pages = new ArrayList<>();
        for (int gfn = 0; gfn < machine.pages().endFrame(); gfn++) {
            byte[] page = new byte[4096];
            machine.pages().readPage(gfn, page, 0);
            pages.add(page);
        }
        return new Saved(pages, machine.save(), machine.stateHash());
    }

    /** A machine on a host that is, suspended, what was saved. */
    ParavirtualMachine restored(int host, Saved saved) throws UnusableStateException {
        ParavirtualMachine machine = machine(host);
        for (int gfn = 0; gfn < saved.pages().size(); gfn++) {
            machine.domain().memory().memory().writePage(gfn, saved.pages().get(gfn), 0);
        }
        machine.restore(saved.state());
        return machine;
    }

    @Override
    public void close() {
        machines.forEach(ParavirtualMachine::close);
        memory.close();
    }
}
