package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.proto.node.BootImage;
import dev.simvisor.proto.node.SavedDisk;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * The machine inside a VM, as far as the VMM needs to know it: it runs up to a cycle, it has pages, it can be saved.
 *
 * <p>Used by one thread at a time. The same calls with the same cycle numbers leave the same state, however a run is
 * split: {@code runUntil(a); runUntil(b)} equals {@code runUntil(b)}.
 */
public interface GuestMachine extends AutoCloseable {
    /** Size of a page in bytes. */
    int PAGE_BYTES = 4096;

    /** Where the guest's console output goes, byte by byte, while the machine runs. */
    interface ConsoleSink {
        void put(byte value);
    }

    /** Its disks, in their order: what a guest that has seen them relies on. */
    List<SavedDisk> disks();

    /**
     * Keeps its disks from all others until it is closed. It must not run before, unless the one that has them will not any more.
     *
     * @return what keeps it from that, in one line; nothing when it has them
     */
    Optional<String> claimDisks();

    /** Lets others have its disks; it must not run before it has claimed them again. */
    void releaseDisks();

    // ---- time ----

    /** Virtual cycles since the machine was switched on; exact also inside a call of the console sink. */
    long cycles();

    /** Instructions executed since the machine was switched on. */
    long instructions();

    /** Virtual cycles in which its processor was at work; only differences mean anything. */
    long busyCycles();

    /** Runs, or idles, up to a cycle. Stops at the first instruction boundary that is not before it. */
    RunOutcome runUntil(long cycles);

    /** What the machine was booted from; nothing in one that has been restored. */
    List<BootImage> bootImages();

    /**
     * Resets the machine, whose guest has asked for it: it starts again at the present cycle with what it was booted from, see
     * {@link dev.simvisor.node.machine.GuestPlatform#reset}.
     *
     * @param booted what it was booted from, wherever that was
     * @throws StateRefused when that is not here; the machine is of no use then
     */
    void reset(List<BootImage> booted) throws StateRefused;

    /** Lets the clock advance without executing anything: time in which the vCPU had no processor. */
    void skipUntil(long cycles);

    /** Exits to the VMM since the machine came to be here, by kind; kinds that did not occur are left out. */
    SortedMap<String, Long> exits();

    /** The cycle at which there is something to execute: the present one unless the processor is halted. */
    long nextEventCycles();

    // ---- console ----

    void consoleTo(ConsoleSink sink);

    /** Queues bytes for the guest to read from its console, at the present cycle. */
    void type(byte[] bytes);

    /** Bytes queued that the guest has not read yet. */
    int unreadInput();

    // ---- network ----

    /** Where the Ethernet frames go that its card sends, if it has one; each is an array of its own. */
    default void framesTo(Consumer<byte[]> sink) {}

    /** Gives its card a frame, at the present cycle; lost when it has none, or no room for it. */
    default void receive(byte[] frame) {}

    /** Plugs the cable of its card in or out. */
    default void link(boolean up) {}

    // ---- state ----

    /** Its memory, as it is saved and sent; to be asked for anew after each run. */
    GuestPages pages();

    /**
     * Whether it can be saved and carried on elsewhere as it is. A machine with a board always can; a paravirtual guest has to
     * {@linkplain #requestSuspension suspend itself} first.
     */
    boolean canBeSaved();

    /** Asks the guest of a machine that cannot be saved as it is to suspend itself. */
    void requestSuspension();

    /** Ends a suspension, or the wait for one: the guest goes on, here or where it has been restored. */
    void resume();

    /** Registers, clock and devices; not memory. */
    ByteString save();

    /** @throws StateRefused when the bytes are no state that this version understands */
    void restore(ByteString state) throws StateRefused;

    /**
     * SHA-256 in hexadecimal over registers, memory and devices: equal hashes mean equal machines. Of a suspended paravirtual
     * machine it is one over its image, see {@link dev.simvisor.node.vmm.para.image}.
     */
    String stateHash();

    /** Gives memory back. */
    @Override
    void close();
}
