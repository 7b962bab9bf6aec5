package dev.simvisor.node.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.machine.time.VirtualClock;
import java.util.function.IntConsumer;

/**
 * What a guest runs on: a {@linkplain Machine machine with a board}, or the interface that a hypervisor offers to a guest that
 * knows it.
 *
 * <p>Legal order: make it; {@link #boot} or {@link #restore} it; then {@link #runUntil} as often as wished until an outcome
 * says that the guest ended; {@link #close}. One whose guest has asked for a reset may be {@link #reset}, and run on. Pages,
 * console and state may be used between any two calls. Used by one thread at a time.
 *
 * <p>How a run is split makes no difference: {@code runUntil(a)} and then {@code runUntil(b)} leave the state that
 * {@code runUntil(b)} alone leaves.
 */
public interface GuestPlatform extends AutoCloseable {
    /**
     * Loads an image, and has the guest begin at its entry.
     *
     * @throws InvalidImageException when the image cannot be booted; the platform is of no use then
     */
    void boot(BootSource source) throws InvalidImageException;

    /** How long a reset takes, in virtual nanoseconds: as long at least as PCI's reset line is active (PCI 2.2, table 4-6, Trst). */
    long RESET_NANOS = 1_000_000;

    /**
     * Resets the platform, whose guest has asked for it, and loads an image as {@link #boot} does. Memory is cleared; processors and
     * devices are as at the start. What goes on: the clock, on which it takes {@link #RESET_NANOS}, and with it what counts by it;
     * the number of instructions; what has been typed and not been read; where pages are logged as written; and what is on disks.
     *
     * @throws InvalidImageException when the image cannot be booted; the platform is of no use then
     */
    void reset(BootSource source) throws InvalidImageException;

    // ---- running ----

    /**
     * Runs the guest, or lets it idle, until the clock is at {@code deadlineCycles}, or {@code mostInstructions} have been
     * executed since the start, or the guest ends. Stops at the first instruction boundary that is not before the deadline, with
     * all events delivered that are due by then.
     */
    RunOutcome runUntil(long deadlineCycles, long mostInstructions);

    /** As {@link #runUntil(long, long)}, however many instructions it takes. */
    default RunOutcome runUntil(long deadlineCycles) {
        return runUntil(deadlineCycles, Long.MAX_VALUE);
    }

    /** When there is something to do: now, unless the guest waits; {@link Timer#NEVER} if nothing is due at all. */
    long nextEventCycles();

    /** Whether nothing at all can wake the guest, whatever is typed. */
    boolean isStuck();

    // ---- time ----

    VirtualClock clock();

    /** Virtual cycles since the start, exact at any moment. */
    default long cycles() {
        return clock().cycles();
    }

    /** Virtual cycles in which a processor was at work; only differences mean anything. */
    default long busyCycles() {
        return clock().busyCycles();
    }

    /** Lets the clock advance without executing anything, as when the guest has no processor to run on. */
    default void skipUntil(long cycles) {
        clock().skipTo(cycles);
    }

    /** Instructions executed since the start, by all vCPUs. */
    long instructions();

    // ---- console ----

    /** Where the bytes go that the guest sends to its console, 0 to 255 each. */
    void consoleTo(IntConsumer sink);

    /** Where the bytes go that the guest writes to the debug console, if there is one. */
    void debugConsoleTo(IntConsumer sink);

    /** Sends bytes to the guest's console, at the present cycle. */
    void type(byte[] bytes);

    /** Bytes typed that the guest has not read yet. */
    int unreadInput();

    // ---- network ----

    /** Plugs the cable of its network card in or out; a platform that has none, or cannot tell its guest, does nothing. */
    default void link(boolean up) {}

    // ---- state ----

    /** The guest's memory, as it is saved and sent. */
    GuestPages pages();

    /** Whether it can be saved and carried on elsewhere as it is; if not, its guest has to suspend itself first. */
    boolean canBeSaved();

    /** Asks the guest of a platform that cannot be saved as it is to suspend itself: {@link #runUntil} says when it has. */
    void requestSuspension();

    /** Ends a suspension, or the wait for one: the guest goes on, here or where it has been restored. */
    void resume();

    /** Everything but the contents of memory. */
    MessageLite save();

    /**
     * Takes over, in a platform that has been made like the one that was saved, what {@link #save} returned; the contents of
     * memory are there already.
     *
     * @throws UnusableStateException when the state does not fit; the platform is of no use then
     */
    void restore(ByteString state) throws UnusableStateException;

    /** SHA-256, in hexadecimal, over processors, devices, time and memory: equal hashes mean equal platforms. */
    String stateHash();

    /** Gives back what it has of the host. */
    @Override
    void close();
}
