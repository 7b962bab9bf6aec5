package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.mmu.NotPlainMemoryException;
import dev.simvisor.node.cpu.mmu.TlbMissException;
import dev.simvisor.node.cpu.semantics.FlagControl;
import dev.simvisor.node.cpu.system.ExceptionDelivery;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Translated code: several blocks, entered at the start of some of them. Its place is known as distances from its origin, the
 * start of the first, so that it serves wherever its pages are mapped, as long as they are mapped the same distances apart.
 */
public abstract class Region {
    /**
     * What a region is made of.
     *
     * @param blocks whose instructions it executes, for each of them
     * @param instructions all that may be executed, in the order of their numbers in the code
     * @param distances in bytes, from the origin to each of the instructions
     * @param ordinals how many instructions of its block precede each
     * @param longestPath no path without a budget check has more instructions
     * @param codeSize 32 or 64
     * @param entrances distances of the blocks that it can be entered at
     */
    public record Layout(
            Block[] blocks,
            Instruction[] instructions,
            int[] distances,
            int[] ordinals,
            int longestPath,
            int codeSize,
            long[] entrances) {
        /** From the origin to one of the blocks, in bytes. */
        public int distance(Block block) {
            return distances[Arrays.asList(blocks).indexOf(block)];
        }
    }

    /** What is known of how far HotSpot is with a class, by all regions of it. */
    public static final class Warmth {
        private volatile boolean compiled;
    }

    protected static final int NO_ENTRANCE = -1;

    private static final long PAGE = 4096;
    /** More than a direct branch and the size of a region together, in bytes. */
    private static final long BRANCH_REACH = 1L << 33;

    /** Instructions executed that make up for leaving to the interpreter in the middle of a block. */
    private static final int WORTH_LEAVING = 500;

    /** Instructions executed that make up for entering it from the dispatcher. */
    private static final int WORTH_ENTERING = 1000;

    private static final int FEWEST_REFUSALS = 64;
    /** Misses of the TLB before it is judged whether they are too many: translating anew costs as much as very many. */
    private static final int FEWEST_MISSES = 10_000;
    /** The part of a region's misses that a block has to have for its code to be blamed. */
    private static final int SHARE_OF_MISSES = 16;

    /** For the code, which pushes it where a semantic method takes the instruction. */
    protected final Instruction[] instructions;

    /** More than HotSpot's Tier3InvocationThreshold; it looks at every 128th. */
    private static final int CALLS_TO_COMPILE = 2 * 128;

    /** How many of the blocks that have followed it are remembered. */
    private static final int FOLLOWERS = 16;

    private final Layout layout;
    private final Warmth warmth;
    private final boolean wide;
    private final int longestPath;
    private final long[] entrances;

    // Blocks that followed it, and where: its links to other regions, one place for each value of some bits of rIP.
    private final @Nullable Block[] followers = new @Nullable Block[FOLLOWERS];
    private final long[] followerStarts = new long[FOLLOWERS];
    private int stoppedAt;
    private long refusals;
    private long misses;
    private boolean missesTooOften;
    private int entrancesLeft;

    /** Cleared when bytes that it was made from change. */
    boolean valid = true;

    /** Execution just ended at an access that missed the TLB, and the interpreter has to go on there. */
    boolean missed;

    private long entries;
    private long readyAt;
    private boolean ready;
    private long executed;

    protected Region(Layout layout, Warmth warmth) {
        this.layout = layout;
        this.warmth = warmth;
        this.ready = warmth.compiled;
        this.instructions = layout.instructions();
        this.wide = layout.codeSize() == 64;
        this.longestPath = layout.longestPath();
        this.entrances = layout.entrances();
        this.entrancesLeft = entrances.length;
    }

    /**
     * Executes instructions from an entrance, which is at rIP, on; at most as many as the run has left, of which there must be {@link
     * Layout#longestPath}. Leaves in {@code cpu.position} how many were completed, none if the first is not for translated
     * code. When one raises an exception, {@code cpu.position} are complete and rIP is at {@link #stoppedAt}.
     *
     * @param origin rIP of the first block
     * @param entrance number of the entrance, or NO_ENTRANCE to do nothing
     */
    protected abstract void execute(Cpu cpu, long origin, int entrance);

    /** Has HotSpot compile it before it is entered: the JVM's interpreter would be far slower than the guest's. */
    public final void askForCompilation(Cpu cpu) {
        for (int n = 0; n < CALLS_TO_COMPILE; n++) execute(cpu, 0, NO_ENTRANCE);
    }

    final void enter(Cpu cpu, int entrance) {
        long origin = cpu.rip - entrances[entrance];
        execute(cpu, wide ? origin : origin & 0xFFFF_FFFFL, entrance);
    }

    private static int followerPlace(long rip) {
        return (int) (rip ^ rip >>> 4) & FOLLOWERS - 1;
    }

    /**
     * The block at rIP with that key, if it has followed this region there and is still mapped there; or null. For an indirect
     * branch that leaves the region it is an inline cache, for a direct one a chain.
     */
    final @Nullable Block follower(long rip, int key, LinearMemory memory) {
        int place = followerPlace(rip);
        Block follower = followers[place];
        if (follower == null || followerStarts[place] != rip || follower.key != key || !follower.valid) return null;
        return memory.fetches(rip, follower.physical & -PAGE) ? follower : null;
    }

    /** Remembers what followed it at rIP. */
    final void follow(long rip, Block block) {
        if (block.secondPage != Block.NO_SECOND_PAGE) return;
        int place = followerPlace(rip);
        followers[place] = block;
        followerStarts[place] = rip;
    }

    /** Another region took over one of its entrances; without any it is of no use. */
    public final void loseEntrance() {
        if (--entrancesLeft == 0) invalidate();
    }

    public final boolean isValid() {
        return valid;
    }

    public final void invalidate() {
        valid = false;
    }

    /** It was entered and has executed so many instructions. */
    final void entered(long instructions) {
        entries++;
        executed += instructions;
    }

    /** How often it was entered. */
    public final long entries() {
        return entries;
    }

    /** How many instructions it has executed, apart from repetitions. */
    public final long executed() {
        return executed;
    }

    /** Whether it has been seen to stay as long, when it is entered, that to enter it costs nothing to speak of. */
    public final boolean runsLong() {
        return entries > 0 && executed >= entries * WORTH_ENTERING;
    }

    public final Layout layout() {
        return layout;
    }

    /**
     * Whether it is worth entering: it is left alone for about as long as HotSpot takes to compile it.
     *
     * @param dispatches how often blocks were met that regions can be entered at, which stands for time
     * @param patience so many of them
     */
    final boolean isReady(long dispatches, int patience) {
        if (ready) return true;
        if (readyAt == 0) readyAt = dispatches + patience;
        if (dispatches < readyAt) return false;
        ready = true;
        warmth.compiled = true;
        return true;
    }

    /** Whether it may be entered at rIP, with that many instructions left to run. */
    final boolean mayEnter(Cpu cpu, long budget) {
        if (budget < longestPath || cpu.stackSize != (wide ? 64 : 32)) return false;
        return !wide || !nearTheHole(cpu.rip);
    }

    /** Whether a direct branch from here may reach an address that is not canonical. */
    private static boolean nearTheHole(long rip) {
        return !LinearMemory.canonical(rip + BRANCH_REACH) || !LinearMemory.canonical(rip - BRANCH_REACH);
    }

    /** The instruction that raised the exception. */
    final Instruction stoppedAt() {
        return instructions[stoppedAt];
    }

    /** Leaves the instruction of that number, which is about to execute, to the VMM: it is one that a callout stands for. */
    protected final void callOut(Cpu cpu, int number) {
        cpu.exit.callout(instructions[number]);
        cpu.attention = true;
    }

    /**
     * Leaves a SYSCALL or INT n to the VMM, if it is one of a deprivileged guest's, to which it is an exception. Throws nothing:
     * they are frequent.
     */
    protected final boolean leavesSystemCall(Cpu cpu, int number) {
        if (!cpu.deprivileged) return false;
        Instruction instruction = instructions[number];
        GuestException exception;
        if (instruction.row.semantics().equals("interrupt")) {
            exception = ExceptionDelivery.refusedInterrupt(cpu, (int) instruction.immediate & 0xFF);
        } else if ((cpu.msr.efer & ModelSpecificRegisters.EFER_SCE) == 0) {
            exception = cpu.undefinedOpcode();
        } else {
            return false;
        }
        cpu.exit.exception(exception, instruction);
        cpu.attention = true;
        return true;
    }

    /**
     * Executes STI where another instruction of the region follows. Returns whether that one may execute at once: then
     * {@link Attention} would not do anything before it.
     */
    protected final boolean goesOnAfterSti(Cpu cpu) {
        boolean disturbed = cpu.attention;
        FlagControl.sti(cpu);
        if (disturbed || !Attention.liftShadow(cpu)) return false;
        cpu.attention = false;
        return true;
    }

    /**
     * Brings progress up to date when an instruction raised something. Returns if the interpreter shall execute it instead.
     *
     * @param origin rIP of the first block
     * @param executed instructions completed before the block
     * @param at number of the instruction
     */
    protected final void stop(Cpu cpu, RuntimeException raised, long origin, int executed, int at) {
        stoppedAt = at;
        cpu.position = executed + layout.ordinals()[at];
        long rip = origin + layout.distances()[at];
        cpu.rip = wide ? rip : rip & 0xFFFF_FFFFL;
        if (raised instanceof TlbMissException) missed(at);
        else if (!(raised instanceof NotPlainMemoryException)) throw raised;
        // While memory is incomplete all accesses are refused, which says nothing about this one.
        else if (cpu.bus.isComplete()) refused(at);
    }

    /** If they are many, the blocks that have them get other code. */
    private void missed(int at) {
        missed = true;
        layout.blocks()[at].missed();
        if (!areTooMany(++misses, FEWEST_MISSES)) return;
        for (Block block : layout.blocks()) block.judgeMisses(misses / SHARE_OF_MISSES);
        missesTooOften = true;
        invalidate();
    }

    /** Whether execution just ended at an access that missed the TLB, so that the interpreter has to go on there; told once. */
    final boolean takeMiss() {
        boolean taken = missed;
        missed = false;
        return taken;
    }

    /** The block of {@link #stoppedAt}. */
    final Block stoppedIn() {
        return layout.blocks()[stoppedAt];
    }

    /** How many instructions of {@link #stoppedIn} precede {@link #stoppedAt}. */
    final int stoppedAfter() {
        return layout.ordinals()[stoppedAt];
    }

    /** Whether it is not valid only because the same blocks are better translated in another way. */
    final boolean wantsReplacement() {
        return missesTooOften;
    }

    /** An instruction that keeps being left to the interpreter, at a price, is better not translated. */
    private void refused(int at) {
        if (!areTooMany(++refusals, FEWEST_REFUSALS)) return;
        layout.blocks()[at].refuse();
        invalidate();
    }

    private boolean areTooMany(long times, int fewest) {
        return times >= fewest && executed <= times * WORTH_LEAVING;
    }
}
