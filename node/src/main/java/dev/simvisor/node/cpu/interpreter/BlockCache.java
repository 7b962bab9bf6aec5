package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.SystemBus;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decoded blocks by physical address, direct-mapped with as many slots as the guest's code is large, and by the frame that
 * holds their bytes, so that a store to code drops exactly the blocks it touches. Frames that hold code are watched on the bus.
 */
public final class BlockCache {
    private static final int FEWEST_SLOTS = 1 << 14;
    private static final int MOST_SLOTS = 1 << 19;
    /** So many instructions at most: 64 MiB of the heap for each VM, whatever its guest does; a boot of Linux needs a third. */
    private static final int MOST_INSTRUCTIONS = 1 << 20;

    private static final int PAGE = 4096;
    /** Granularity at which stores to a code frame are told apart from stores to data in the same frame. */
    private static final int LINE_SHIFT = 6;

    private final SystemBus bus;
    private @Nullable Block[] slots = new @Nullable Block[FEWEST_SLOTS];
    /** How many blocks have a slot, and how many instructions they have. */
    private int occupied;

    private int instructions;
    /** Where to look next for a block to give up. */
    private int hand;

    private @Nullable CodeFrame[] frames = new @Nullable CodeFrame[1024];
    /** Blocks that cross a page, besides being in the list of their first frame: their tails lie in another one. */
    private final Set<Block> crossing = new LinkedHashSet<>();

    /** A frame with decoded code: which of its 64-byte lines hold some, and the blocks. */
    private static final class CodeFrame {
        long lines;

        @Nullable
        Block first;
    }

    BlockCache(SystemBus bus) {
        this.bus = bus;
    }

    /** Neighbours stay neighbours: a hash that spreads them costs a boot of Linux 3 % in misses of the host's caches. */
    private int slot(long physical, int key) {
        return (int) (physical ^ physical >>> 16 ^ (long) key << 13) & slots.length - 1;
    }

    private int slot(Block block) {
        return slot(block.physical, block.key);
    }

    /** The block at a physical address that was decoded under the same circumstances. */
    public @Nullable Block find(long physical, int key) {
        Block block = slots[slot(physical, key)];
        return block != null && block.physical == physical && block.key == key ? block : null;
    }

    /** Returns whether a frame became watched, after which the processor's TLB must forget its store entries. */
    boolean add(Block block) {
        if (occupied * 4 > slots.length && slots.length < MOST_SLOTS) grow();
        while (instructions > MOST_INSTRUCTIONS) evict(hand++ & slots.length - 1);
        evict(slot(block));
        slots[slot(block)] = block;
        occupied++;
        instructions += block.instructions.length;
        int first = (int) (block.physical >>> 12);
        boolean watched = register(block, first, (int) block.physical & PAGE - 1, block.length);
        if (block.secondPage != Block.NO_SECOND_PAGE) {
            int bytes = (int) ((block.physical + block.length) & PAGE - 1);
            watched |= mark((int) (block.secondPage >>> 12), 0, bytes);
            crossing.add(block);
        }
        return watched;
    }

    private void grow() {
        Block[] old = slots;
        slots = new @Nullable Block[old.length * 2];
        for (Block block : old) if (block != null) slots[slot(block)] = block;
    }

    private void evict(int slot) {
        Block block = slots[slot];
        if (block == null) return;
        vacate(slot, block);
        // One that a region stands on is still needed: to notice when its bytes change.
        if (block.isTranslated()) return;
        block.invalidate();
        forget(block);
        crossing.remove(block);
    }

    private void vacate(int slot, Block block) {
        slots[slot] = null;
        occupied--;
        instructions -= block.instructions.length;
    }

    private boolean register(Block block, int frameNumber, int offset, int length) {
        boolean watched = mark(frameNumber, offset, Math.min(length, PAGE - offset));
        CodeFrame frame = frame(frameNumber);
        block.sibling = frame.first;
        frame.first = block;
        return watched;
    }

    private boolean mark(int frameNumber, int offset, int length) {
        CodeFrame frame = frame(frameNumber);
        boolean fresh = frame.lines == 0;
        frame.lines |= lines(offset, length);
        if (fresh) bus.watchCode((long) frameNumber << 12);
        return fresh;
    }

    private CodeFrame frame(int number) {
        if (number >= frames.length) frames = Arrays.copyOf(frames, Math.max(number + 1, frames.length * 2));
        CodeFrame frame = frames[number];
        if (frame == null) {
            frame = new CodeFrame();
            frames[number] = frame;
        }
        return frame;
    }

    private static long lines(int offset, int length) {
        int first = offset >>> LINE_SHIFT;
        int last = offset + length - 1 >>> LINE_SHIFT;
        return -1L << first & -1L >>> 63 - last;
    }

    private void forget(Block block) {
        CodeFrame frame = frames[(int) (block.physical >>> 12)];
        if (frame == null) return;
        if (frame.first == block) {
            frame.first = block.sibling;
            return;
        }
        for (Block b = frame.first; b != null; b = b.sibling) {
            if (b.sibling == block) {
                b.sibling = block.sibling;
                return;
            }
        }
    }

    /** Drops the blocks whose bytes were written. */
    void written(long physical, long length) {
        long end = physical + length;
        for (long page = physical & -PAGE; page < end; page += PAGE) {
            int from = (int) (Math.max(physical, page) - page);
            int to = (int) (Math.min(end, page + PAGE) - page);
            writtenWithin((int) (page >>> 12), from, to - from);
        }
    }

    private void writtenWithin(int number, int offset, int length) {
        CodeFrame frame = number < frames.length ? frames[number] : null;
        if (frame == null || (frame.lines & lines(offset, length)) == 0) return;
        frame.lines = 0;
        Block kept = null;
        Block next;
        for (Block block = frame.first; block != null; block = next) {
            next = block.sibling;
            int start = (int) block.physical & PAGE - 1;
            if (start < offset + length && offset < start + block.length) {
                drop(block);
            } else {
                frame.lines |= lines(start, Math.min(block.length, PAGE - start));
                block.sibling = kept;
                kept = block;
            }
        }
        frame.first = kept;
        frame.lines |= keepCrossingInto((long) number << 12, offset);
        if (frame.lines == 0) bus.unwatchCode((long) number << 12);
    }

    /** Lets go of regions that are not valid any more, and of blocks that were kept for them alone. */
    public void sweep() {
        for (CodeFrame frame : frames) {
            if (frame == null) continue;
            Block kept = null;
            Block next;
            for (Block block = frame.first; block != null; block = next) {
                next = block.sibling;
                block.forgetInvalidRegions();
                if (slots[slot(block)] != block && !block.isTranslated()) {
                    block.invalidate();
                } else {
                    block.sibling = kept;
                    kept = block;
                }
            }
            frame.first = kept;
        }
        crossing.removeIf(block -> !block.valid);
    }

    private void drop(Block block) {
        int slot = slot(block);
        if (slots[slot] == block) vacate(slot, block);
        block.invalidate();
    }

    /** Drops the written ones of the blocks whose tails lie in a page; returns the lines that the tails of others occupy. */
    private long keepCrossingInto(long page, int offset) {
        long lines = 0;
        for (Iterator<Block> blocks = crossing.iterator(); blocks.hasNext(); ) {
            Block block = blocks.next();
            int tail = (int) (block.physical + block.length) & PAGE - 1;
            if (block.valid && block.secondPage == page && offset < tail) {
                drop(block);
                forget(block);
            }
            if (!block.valid) blocks.remove();
            else if (block.secondPage == page) lines |= lines(0, tail);
        }
        return lines;
    }

    void clear() {
        for (int n = 0; n < frames.length; n++) {
            CodeFrame frame = frames[n];
            if (frame != null && frame.lines != 0) bus.unwatchCode((long) n << 12);
        }
        for (CodeFrame frame : frames) {
            for (Block block = frame == null ? null : frame.first; block != null; block = block.sibling) {
                block.invalidate();
            }
        }
        Arrays.fill(frames, null);
        slots = new @Nullable Block[FEWEST_SLOTS];
        occupied = 0;
        instructions = 0;
        crossing.clear();
    }
}
