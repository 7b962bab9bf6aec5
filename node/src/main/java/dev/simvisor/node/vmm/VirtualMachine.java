package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.proto.api.OnReboot;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.BootImage;
import dev.simvisor.proto.node.SavedDisk;
import dev.simvisor.proto.node.SavedVm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * One VM on one host: its machine, its clock and its life.
 *
 * <pre>
 *  started ──► RUNNING ◄──resume── PAUSED      stop: from RUNNING, PAUSED or INCOMING
 *                 │  ───pause────►   ▲         the guest itself: RUNNING to STOPPED or CRASHED
 *                 │                  │         the guest itself, asked by suspend: RUNNING to PAUSED
 *                 ▼                  │
 *         STOPPED, CRASHED       INCOMING ◄── incoming     admit: from INCOMING to PAUSED
 * </pre>
 *
 * <p>A guest that resets the machine goes on RUNNING, from what the VM was booted from, unless its spec has it end then.
 *
 * <p>{@link #runTo} moves a running VM along virtual time; a VM in any other state keeps its cycle while time goes by. One that
 * has come to {@linkplain #withhold lack} a page runs on when that has {@linkplain #come come}, and its clock with time. Not
 * thread-safe: its owner sees to it that one thread at a time calls.
 */
public final class VirtualMachine implements AutoCloseable {
    static final int STATE_VERSION = 1;

    /** Lines said within so much time are one piece: a guest may say a great many short ones. */
    private static final long SAME_TIME_NANOS = 100_000;

    /** Bytes typed that may wait for the guest to read them. */
    static final int MOST_UNREAD = 1 << 20;

    /** Where a VM is in its life. */
    public enum State {
        /** Its clock follows virtual time. */
        RUNNING,
        /** Its clock stands. */
        PAUSED,
        /** Its pages are arriving; it belongs to another host. */
        INCOMING,
        /** Switched off by the guest or stopped from outside; nothing can be done with it but to close it. */
        STOPPED,
        /** Ended by what its guest did. */
        CRASHED
    }

    private final VmSpec spec;
    private final GuestMachine machine;
    private State state;
    private VmClock clock;
    private long epoch;
    private long consoleBytes;
    private ByteString.Output line = ByteString.newOutput();
    private boolean lineEnded;
    /** When the first byte of the line was said, and the last so far. */
    private long lineNanos;

    private long spokenNanos;
    private final List<ConsoleChunk> console = new ArrayList<>();
    private String endReason = "";
    private int exitStatus;
    private boolean suspending;
    private List<BootImage> bootImages;
    private final List<Long> resets = new ArrayList<>();
    private final PageWait pageWait = new PageWait();
    private final SentFrames frames = new SentFrames();

    private VirtualMachine(VmSpec spec, long epoch, GuestMachine machine, State state, VmClock clock) {
        this.spec = spec;
        this.epoch = epoch;
        this.machine = machine;
        this.state = state;
        this.clock = clock;
        this.bootImages = machine.bootImages();
        machine.consoleTo(this::put);
        machine.framesTo(frame -> frames.add(frame, nanosOfCycle()));
    }

    /** A VM that runs from {@code nowNanos} on. */
    public static VirtualMachine started(VmSpec spec, long epoch, GuestMachine machine, long nowNanos, long clockHz) {
        VmClock clock = new VmClock(nowNanos, machine.cycles(), clockHz / 1000);
        return new VirtualMachine(spec, epoch, machine, State.RUNNING, clock);
    }

    /** A VM whose pages and state, the frequency of its clock included, are about to be filled in. */
    public static VirtualMachine incoming(VmSpec spec, long epoch, GuestMachine machine) {
        VmClock clock = new VmClock(0, machine.cycles(), 1);
        return new VirtualMachine(spec, epoch, machine, State.INCOMING, clock);
    }

    public String name() {
        return spec.getName();
    }

    public VmSpec spec() {
        return spec;
    }

    public long epoch() {
        return epoch;
    }

    public State state() {
        return state;
    }

    public boolean isRunning() {
        return state == State.RUNNING;
    }

    /** Whether nothing can be done with it but to close it. */
    public boolean hasEnded() {
        return state == State.STOPPED || state == State.CRASHED;
    }

    /** Why it ended: one line, or empty. */
    public String endReason() {
        return endReason;
    }

    public int exitStatus() {
        return exitStatus;
    }

    /** For reading and writing pages; its clock is this class's alone. */
    public GuestMachine machine() {
        return machine;
    }

    // ---- time ----

    /** Runs to a virtual time. Ends early, with {@link #hasEnded}, when the guest ends. */
    public void runTo(long nanos) {
        while (state == State.RUNNING && clock.cyclesAt(nanos) > machine.cycles()) {
            if (pageWait.isOver()) {
                runOn(clock.cyclesAt(nanos));
            } else {
                starveTo(nanos);
            }
        }
    }

    private void runOn(long cycles) {
        switch (machine.runUntil(cycles)) {
            case RunOutcome.DeadlineReached(), RunOutcome.Idle() -> {}
            case RunOutcome.Stopped() -> throw new IllegalStateException("nobody debugs this VM");
            case RunOutcome.Suspended() -> state = State.PAUSED;
            case RunOutcome.PageMissed() -> {
                BitSet missed = machine.pages().takeMissed();
                // They may have come between the access and the end of its instruction.
                if (!missed.isEmpty()) pageWait.begin(missed, clock.nanosAt(machine.cycles() + 1));
            }
            case RunOutcome.PoweredOff() -> end(State.STOPPED, "powered off by the guest", 0);
            case RunOutcome.ResetRequested() -> reset();
            case RunOutcome.DebugExit(int status) -> end(State.STOPPED, "ended by the guest with " + status, status);
            case RunOutcome.TripleFault() -> end(State.CRASHED, "triple fault", 1);
            case RunOutcome.Crashed(String reason) ->
                end(State.CRASHED, reason.isEmpty() ? "the guest says that it crashed" : reason, 1);
        }
    }

    private void reset() {
        if (spec.getOnReboot() == OnReboot.ON_REBOOT_STOP) {
            end(State.STOPPED, "reset by the guest", 0);
            return;
        }
        long resetNanos = nanos();
        try {
            machine.reset(bootImages);
            resets.add(resetNanos);
        } catch (StateRefused e) {
            end(State.STOPPED, "reset by the guest, which cannot start again: " + e.getMessage(), 1);
        }
    }

    /** The virtual times at which the guest has reset the machine since the last call. */
    public List<Long> takeResets() {
        List<Long> taken = List.copyOf(resets);
        resets.clear();
        return taken;
    }

    /** Lets time go by in which the vCPU has no processor: the guest's clock advances, nothing executes. */
    public void starveTo(long nanos) {
        if (state == State.RUNNING) {
            long cycles = clock.cyclesAt(nanos);
            if (cycles > machine.cycles()) {
                machine.skipUntil(cycles);
            }
        }
    }

    /** When the VM has something to execute; never, when it does not run. */
    public long nextDueNanos() {
        boolean executes = state == State.RUNNING && pageWait.isOver();
        return executes ? clock.nanosAt(machine.nextEventCycles()) : Long.MAX_VALUE;
    }

    /** The virtual time that the machine's present cycle belongs to. */
    public long nanos() {
        return clock.nanosAt(machine.cycles());
    }

    // ---- pages that have yet to come ----

    /** Has the guest, which has not run here yet, do without pages until they {@linkplain #come have come}. */
    public void withhold(BitSet gfns) {
        machine.pages().withhold(gfns);
    }

    /** Pages have come. Returns whether the guest had been waiting, and now runs on. */
    public boolean come(BitSet gfns, long nowNanos) {
        machine.pages().come(gfns);
        return pageWait.end(gfns, nowNanos);
    }

    /** The pages that the guest has come to wait for since the last call, from {@link #missedNanos} on; mostly none. */
    public BitSet takeMissed() {
        return pageWait.takeUnasked();
    }

    /** The virtual time at which the guest began to wait for a page the last time that it did. */
    public long missedNanos() {
        return pageWait.sinceNanos();
    }

    /** What waiting for pages has come to so far. */
    public Stalls stalls() {
        return pageWait.stalls();
    }

    // ---- life ----

    public void pause() {
        require(State.RUNNING, "pause");
        state = State.PAUSED;
    }

    /**
     * Brings the VM to where it can be saved and carried on elsewhere, which is paused; true if it is there. If not, its guest has
     * been asked, and pauses the VM when it is so far; {@link #keepRunning} takes the request back.
     */
    public boolean suspend() {
        suspending = true;
        if (!canBeSaved()) {
            machine.requestSuspension();
            return false;
        }
        if (state == State.RUNNING) {
            pause();
        }
        return true;
    }

    /** Whether somebody has called {@link #suspend}, and the VM has not gone on since: it is nobody else's to suspend or resume. */
    public boolean isSuspending() {
        return suspending;
    }

    /** Whether it can be saved as it is; if not, it is for its guest to {@link #suspend} itself. */
    public boolean canBeSaved() {
        return machine.canBeSaved();
    }

    /** Ends the wait for a guest that has not suspended itself. */
    public void keepRunning() {
        suspending = false;
        machine.resume();
    }

    /** Leaves a VM that was paused before {@link #suspend} as it is. */
    public void keepPaused() {
        suspending = false;
    }

    public void resume(long nowNanos) {
        require(State.PAUSED, "resume");
        suspending = false;
        machine.resume();
        clock = clock.anchoredAt(nowNanos, machine.cycles());
        state = State.RUNNING;
    }

    /** The pages are there: takes the rest of the state, and is paused. */
    public void admit(ByteString saved) throws StateRefused {
        require(State.INCOMING, "admit");
        SavedVm message = parse(saved);
        checkDisks(message.getDisksList(), machine.disks());
        machine.restore(message.getMachine());
        consoleBytes = message.getConsoleBytes();
        bootImages = message.getBootImagesList();
        clock = new VmClock(0, machine.cycles(), message.getClockHz() / 1000);
        state = State.PAUSED;
    }

    /**
     * Takes all of another VM's state, which that one goes on from as if nothing had been, and is paused. The other {@linkplain
     * #canBeSaved can be saved}.
     *
     * @throws StateRefused when the machines are not of one kind; this VM is of no use then
     */
    public void takeFrom(VirtualMachine original) throws StateRefused {
        if (!machine.pages().hasShapeOf(original.machine.pages())) {
            throw new StateRefused(
                    "its machine would have memory of another shape than the VM's: has the firmware image"
                            + " changed since that was created?");
        }
        machine.pages().takeFrom(original.machine.pages());
        admit(original.save().toByteString());
    }

    /** Runs by the clock of the VM that it was taken from: both are at the same cycles at the same virtual times. */
    public void resumeWith(VirtualMachine original) {
        require(State.PAUSED, "resume");
        machine.resume();
        clock = original.clock;
        state = State.RUNNING;
    }

    /** Ends it from outside. */
    public void stop(String reason) {
        if (!hasEnded()) {
            end(State.STOPPED, reason, 0);
        }
    }

    /** Ends it because of a bug of the simulator's own that its guest met. */
    public void crash(String reason) {
        end(State.CRASHED, reason, 1);
    }

    private void end(State last, String reason, int status) {
        state = last;
        endReason = reason;
        exitStatus = status;
        endLine();
    }

    private void require(State expected, String action) {
        if (state != expected) {
            throw new IllegalStateException("VM " + name() + " is " + state + ": " + action + " needs " + expected);
        }
    }

    /** Gives its memory back; the VM must not be used any more. */
    @Override
    public void close() {
        machine.close();
    }

    // ---- console ----

    /**
     * Queues bytes for the guest to read; a VM that has ended ignores them. A guest that does not read has so many waiting, and
     * no more: what is typed beyond is lost, as on a line without flow control.
     */
    public void type(byte[] bytes) {
        if (hasEnded()) return;
        int room = Math.max(0, MOST_UNREAD - machine.unreadInput());
        machine.type(room < bytes.length ? Arrays.copyOf(bytes, room) : bytes);
    }

    /** What the guest said since the last call. */
    public List<ConsoleChunk> takeConsole() {
        endLine();
        List<ConsoleChunk> taken = List.copyOf(console);
        console.clear();
        return taken;
    }

    public long consoleBytes() {
        return consoleBytes;
    }

    private void put(byte value) {
        long now = nanos();
        if (lineEnded && now - lineNanos >= SAME_TIME_NANOS) {
            endLine();
        }
        if (line.size() == 0) {
            lineNanos = now;
        }
        line.write(value);
        lineEnded = value == '\n';
        spokenNanos = now;
    }

    private void endLine() {
        if (line.size() > 0) {
            console.add(new ConsoleChunk(consoleBytes, line.toByteString(), spokenNanos));
            consoleBytes += line.size();
            line = ByteString.newOutput();
        }
        lineEnded = false;
    }

    // ---- network ----

    /**
     * The frames that the guest has sent since the last call, in their order. None was sent before the virtual time that the VM had
     * been run to when it was, and none that it has yet to send has an earlier time than it has been run to.
     */
    public List<SentFrame> takeFrames() {
        return frames.take();
    }

    /** The last nanosecond of the present cycle: no VM is at that cycle any more that has been run to a later time. */
    private long nanosOfCycle() {
        return clock.nanosAt(machine.cycles() + 1) - 1;
    }

    /** Gives the guest's card a frame, at the present cycle; lost unless the VM runs. */
    public void receive(byte[] frame) {
        if (state == State.RUNNING) {
            machine.receive(frame);
        }
    }

    /** Has the cable of its card be in or out as its spec says, wherever the VM's state comes from. */
    public void plugCable() {
        if (spec.hasNetwork()) {
            machine.link(!spec.getNetwork().getLinkDown());
        }
    }

    // ---- state ----

    /** Everything but memory; what the guest said must have been taken. */
    public SavedVm save() {
        return saveForTransfer().toBuilder().setSpec(spec).build();
    }

    /**
     * As {@link #save}, for who knows what VM it is: without the names of its files, so that what crosses a link, and the time that
     * this takes, does not depend on where somebody keeps them.
     */
    public SavedVm saveForTransfer() {
        endLine();
        return SavedVm.newBuilder()
                .setVersion(STATE_VERSION)
                .setMachine(machine.save())
                .setConsoleBytes(consoleBytes)
                .setClockHz(clock.khz() * 1000)
                .addAllDisks(machine.disks())
                .addAllBootImages(bootImages)
                .build();
    }

    private static void checkDisks(List<SavedDisk> saved, List<SavedDisk> present) throws StateRefused {
        if (saved.size() != present.size()) {
            throw new StateRefused("VM state with " + saved.size() + " disks: expected " + present.size());
        }
        for (int n = 0; n < saved.size(); n++) {
            if (!saved.get(n).equals(present.get(n))) {
                throw new StateRefused("disk " + n + " is " + text(present.get(n)) + " here: expected "
                        + text(saved.get(n)) + ", as the guest knows it");
            }
        }
    }

    private static String text(SavedDisk disk) {
        return disk.getBytes() + " bytes " + (disk.getReadOnly() ? "that cannot be written" : "that can be written");
    }

    static SavedVm parse(ByteString saved) throws StateRefused {
        try {
            SavedVm message = SavedVm.parseFrom(saved);
            if (message.getVersion() != STATE_VERSION) {
                throw new StateRefused("VM state of version " + message.getVersion() + ": expected " + STATE_VERSION);
            }
            if (message.getClockHz() < 1000) {
                throw new StateRefused("VM state with a clock of " + message.getClockHz() + " Hz");
            }
            return message;
        } catch (InvalidProtocolBufferException e) {
            throw new StateRefused("VM state cannot be read: " + e.getMessage());
        }
    }

    /** SHA-256 over registers, memory and devices. */
    public String stateHash() {
        return machine.stateHash();
    }
}
