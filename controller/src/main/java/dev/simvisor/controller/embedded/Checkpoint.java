package dev.simvisor.controller.embedded;

import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.proto.state.MachineState;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All there is of a machine at one moment. Pages that did not change since the checkpoint before are shared with it.
 *
 * @param pages by gfn; null where there are zeros alone
 */
record Checkpoint(long instructions, MachineState state, byte[] @Nullable [] pages) {
    static final int PAGE = 4096;

    /**
     * What the machine is now, or null if that takes more memory.
     *
     * @param mostBytes of pages that are not the same as in {@code before}
     */
    static @Nullable Checkpoint of(Machine machine, @Nullable Checkpoint before, long mostBytes) {
        GuestMemory memory = machine.memory();
        long left = mostBytes / PAGE;
        byte[] @Nullable [] pages = new byte[memory.endFrame()] @Nullable [];
        byte[] page = new byte[PAGE];
        for (int gfn = 0; gfn < pages.length; gfn++) {
            if (!memory.isMemory(gfn) || memory.isZero(gfn)) continue;
            memory.readPage(gfn, page, 0);
            byte[] known = before == null ? null : before.pages[gfn];
            boolean isKnown = Arrays.equals(page, known);
            if (!isKnown && left-- == 0) return null;
            pages[gfn] = isKnown ? known : page.clone();
        }
        return new Checkpoint(machine.instructions(), machine.save(), pages);
    }

    /** Adds its pages to a set of those that are kept. */
    void addPagesTo(Set<byte[]> kept) {
        for (byte[] page : pages) {
            if (page != null) kept.add(page);
        }
    }

    /** Makes the machine what it was. */
    void restore(Machine machine) {
        GuestMemory memory = machine.memory();
        byte[] page = new byte[PAGE];
        for (int gfn = 0; gfn < pages.length; gfn++) {
            byte[] wanted = pages[gfn];
            if (!memory.isMemory(gfn)) continue;
            if (wanted == null) {
                if (!memory.isZero(gfn)) memory.clearPage(gfn);
                continue;
            }
            memory.readPage(gfn, page, 0);
            if (!Arrays.equals(page, wanted)) memory.writePage(gfn, wanted, 0);
        }
        try {
            machine.restore(state);
        } catch (UnusableStateException impossible) {
            throw new IllegalStateException("the machine does not take its own state", impossible);
        }
    }
}
