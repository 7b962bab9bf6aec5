package dev.simvisor.controller.gdb;

import dev.simvisor.controller.boot.BootEnd;
import dev.simvisor.controller.boot.Debugger;
import dev.simvisor.controller.embedded.DebugTarget;
import dev.simvisor.controller.embedded.LocalVm;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Holds a VM for GDB: the first debugger finds it before its first instruction; one that comes later stops it. */
public final class GdbDebugger implements Debugger {
    private static final int INTERRUPTED = 2; // SIGINT
    private static final int TRAPPED = 5; // SIGTRAP
    private static final int BROKEN = 11; // SIGSEGV
    /** What a stop reply says where the VM's history begins. */
    private static final String AT_BEGINNING = "replaylog:begin;";

    private static final long PATIENCE_MILLIS = 50;

    private enum Phase {
        /** The VM waits, for the debugger's next packet or for a debugger. */
        STOPPED,
        RUNNING,
        /** The debugger wants no more of the VM. */
        KILLED
    }

    private final LocalVm vm;
    private final GdbServer server;
    private final DebugTarget target;
    private final TargetCommands commands;
    private final Breakpoints breakpoints;
    private @Nullable PacketConnection debugger;
    /** Whether the user has given up the VM. */
    private BooleanSupplier abandoned = () -> false;

    private Phase phase = Phase.STOPPED;
    /** Up to how many instructions the VM runs. */
    private long runTo = Long.MAX_VALUE;
    /** The processor that makes a step, and after how many of its own instructions it has. */
    private int stepping;

    private long stepTo;
    /** The processor that {@code s} has make one, as {@code Hc} says. */
    private int toStep;

    public GdbDebugger(LocalVm vm, DebugTarget target, GdbServer server) {
        this.vm = vm;
        this.server = server;
        this.target = target;
        commands = new TargetCommands(vm, target);
        breakpoints = new Breakpoints(target);
    }

    @Override
    public OptionalLong awaitPermission(BooleanSupplier abandoned) throws InterruptedException {
        if (phase == Phase.RUNNING) {
            target.stop().ifPresent(stop -> stopped(TRAPPED, breakpoints.cause(stop)));
            if (phase == Phase.RUNNING && vm.instructions() >= runTo) stepped();
        }
        serveWhileStopped(abandoned);
        return phase == Phase.RUNNING ? OptionalLong.of(runTo) : OptionalLong.empty();
    }

    /** Serves what has come, and goes on doing so until the VM may run, or is not wanted any more. */
    private void serveWhileStopped(BooleanSupplier wish) throws InterruptedException {
        abandoned = wish;
        while (!abandoned.getAsBoolean()) {
            Event event = phase == Phase.STOPPED
                    ? server.events().poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                    : server.events().poll();
            if (event != null) serve(event);
            else if (phase != Phase.STOPPED) return;
        }
    }

    /** A VM that broke down can be looked at, and taken back; of one that ended as it was to, the debugger is told so. */
    @Override
    public boolean takesBack(BootEnd end, BooleanSupplier abandoned) throws InterruptedException {
        if (debugger != null && phase == Phase.RUNNING && isBreakdown(end)) {
            long there = vm.instructions();
            say(end.complaint());
            stopped(BROKEN, "");
            serveWhileStopped(abandoned);
            if (phase == Phase.RUNNING && vm.instructions() < there) return true;
        }
        if (debugger != null) {
            debugger.send("W%02x".formatted(end.status()));
            debugger.close();
        }
        return false;
    }

    private static boolean isBreakdown(BootEnd end) {
        return switch (end) {
            case BootEnd.TripleFault _, BootEnd.Crashed _, BootEnd.Stuck _, BootEnd.ResetRequested _ -> true;
            case BootEnd.PoweredOff _,
                    BootEnd.DebugExit _,
                    BootEnd.InstructionLimit _,
                    BootEnd.TimeLimit _,
                    BootEnd.Quit _ -> false;
        };
    }

    /** A line on the debugger's console. */
    private void say(String line) {
        if (debugger == null) return;
        debugger.send("O" + HexFormat.of().formatHex((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** The VM has executed one instruction; others run in turn until it was one of the processor that makes the step. */
    private void stepped() {
        if (target.instructions(stepping) >= stepTo) stopped(TRAPPED, "");
        else runTo = vm.instructions() + 1;
    }

    private void stopped(int signal, String cause) {
        phase = Phase.STOPPED;
        runTo = Long.MAX_VALUE;
        target.select(target.current());
        toStep = target.current();
        if (debugger != null) debugger.send(stopReply(signal, cause));
    }

    private String stopReply(int signal, String cause) {
        return "T%02xthread:%s;%s".formatted(signal, Processors.thread(target.current()), cause);
    }

    // ---- what comes from the debugger

    private void serve(Event event) {
        switch (event) {
            case Event.Connected(PacketConnection connection) -> {
                debugger = connection;
                commands.connected();
                phase = Phase.STOPPED;
                target.select(target.current());
                toStep = target.current();
            }
            case Event.Packet(PacketConnection connection, String text) -> serve(connection, text);
            case Event.Interrupt _ -> {
                if (phase == Phase.RUNNING) stopped(INTERRUPTED, "");
            }
            case Event.Disconnected(PacketConnection connection) -> {
                if (connection == debugger) detach();
            }
        }
    }

    private void serve(PacketConnection connection, String packet) {
        switch (packet.isEmpty() ? ' ' : packet.charAt(0)) {
            case '?' -> connection.send(stopReply(TRAPPED, ""));
            case 'Z', 'z' -> connection.send(breakpoints.answer(packet));
            case 'c', 'C', 's', 'S' -> resume(connection, packet);
            case 'b' -> goBack(connection, packet);
            case 'v' -> serveVerb(connection, packet);
            case 'H' -> {
                connection.send(commands.answer(packet));
                if (packet.startsWith("Hc")) processor(packet.substring(2)).ifPresent(number -> toStep = number);
            }
            case 'k' -> phase = Phase.KILLED;
            case 'D' -> {
                connection.send(TargetCommands.DONE);
                detach();
            }
            case 'Q' -> serveSetting(connection, packet);
            default -> connection.send(commands.answer(packet));
        }
    }

    /** {@code c}, {@code s}, or the same with a signal, which a machine has none of; debuggers give no address any more. */
    private void resume(PacketConnection connection, String packet) {
        boolean signal = Character.isUpperCase(packet.charAt(0));
        if (packet.length() > (signal ? 3 : 1)) connection.send(TargetCommands.MALFORMED);
        else if (Character.toLowerCase(packet.charAt(0)) == 's') step(toStep);
        else resume(Long.MAX_VALUE);
    }

    private OptionalInt processor(String thread) {
        try {
            return OptionalInt.of(Processors.number(thread, target));
        } catch (IllegalArgumentException unknown) {
            return OptionalInt.empty();
        }
    }

    /**
     * {@code vCont;ACTION[:THREAD];...}: a step of one, if it is among the actions, or all go on. The others are not held meanwhile,
     * whatever the debugger asks for: it must not change whose turn it is.
     */
    private void serveActions(PacketConnection connection, String packet) {
        for (String action : packet.substring("vCont;".length()).split(";", -1)) {
            String[] parts = action.split(":", 2);
            if (!parts[0].startsWith("s") && !parts[0].startsWith("S")) continue;
            processor(parts.length > 1 ? parts[1] : "0")
                    .ifPresentOrElse(this::step, () -> connection.send(TargetCommands.MALFORMED));
            return;
        }
        resume(Long.MAX_VALUE);
    }

    private void step(int processor) {
        stepping = processor;
        stepTo = target.instructions(processor) + 1;
        resume(vm.instructions() + 1);
    }

    private void serveVerb(PacketConnection connection, String packet) {
        if (packet.equals("vCont?")) {
            connection.send("vCont;c;C;s;S");
        } else if (packet.startsWith("vCont;")) {
            serveActions(connection, packet);
        } else if (packet.startsWith("vKill")) {
            connection.send(TargetCommands.DONE);
            phase = Phase.KILLED;
        } else {
            connection.send(TargetCommands.UNKNOWN);
        }
    }

    private void serveSetting(PacketConnection connection, String packet) {
        boolean known = packet.equals("QStartNoAckMode");
        if (known) connection.stopAcknowledging();
        connection.send(known ? TargetCommands.DONE : TargetCommands.UNKNOWN);
    }

    private void resume(long instructions) {
        target.resume();
        runTo = instructions;
        phase = Phase.RUNNING;
    }

    /** {@code bs}, a step back, or {@code bc}, back to a stop; from the beginning there is no way back. */
    private void goBack(PacketConnection connection, String packet) {
        boolean step = packet.equals("bs");
        if (!target.isReversible() || !step && !packet.equals("bc")) {
            connection.send(TargetCommands.UNKNOWN);
        } else if (!target.hasPast()) {
            stopped(TRAPPED, AT_BEGINNING);
        } else if (step) {
            target.stepBack(this::isInterrupted);
            stopped(isInterrupted() ? INTERRUPTED : TRAPPED, "");
        } else {
            String cause = target.goBackToStop(this::isInterrupted)
                    .map(breakpoints::cause)
                    .orElse(AT_BEGINNING);
            if (isInterrupted()) stopped(INTERRUPTED, "");
            else stopped(TRAPPED, cause);
        }
    }

    /** Whether nobody waits any more. The event stays where it is: an interrupt means nothing to a stopped VM. */
    private boolean isInterrupted() {
        Event next = server.events().peek();
        return next instanceof Event.Interrupt || next instanceof Event.Disconnected || abandoned.getAsBoolean();
    }

    /** The VM goes on without a debugger. */
    private void detach() {
        if (debugger == null) return;
        debugger = null;
        breakpoints.clear();
        if (phase != Phase.KILLED) resume(Long.MAX_VALUE);
    }
}
