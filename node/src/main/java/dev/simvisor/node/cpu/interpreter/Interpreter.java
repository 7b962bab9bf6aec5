package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.nonroot.EventExits;
import dev.simvisor.node.cpu.system.ExceptionDelivery;
import org.jspecify.annotations.Nullable;

/**
 * The engine that executes decoded blocks one after the other. Between two blocks it looks at what wants attention:
 * interrupts, debug traps, halting. Everything that can make such a thing pending ends the block it happens in.
 */
public final class Interpreter implements Engine {
    // Parts of a block's key: what else than its bytes decides how they decode.
    private static final int NOT_PROTECTED = 4;

    private static final int FLAT_SEGMENTS = 8;
    private static final int TRANSLATED = 16;

    private final Cpu cpu;
    private final BlockRunner runner;
    private final BlockCache blocks;
    private final BlockDecoder decoder;
    private final HotCode hotCode;
    private final int hotThreshold;
    private final int firstLook;
    private final int patience;
    private final Attention attention;
    private long translatedInstructions;
    private long regionEntries;
    /** How often a block was met that a region can be entered at. */
    private long dispatches;

    private final Instruction[] emulated = new Instruction[1];

    public Interpreter(Cpu cpu) {
        this(cpu, HotCode.IGNORED);
    }

    /** An interpreter of what is not hot, and the loop that enters the regions which {@code hotCode} makes of the rest. */
    public Interpreter(Cpu cpu, HotCode hotCode) {
        HandlerTable handlers = HandlerTable.shared();
        this.cpu = cpu;
        this.runner = handlers.runner();
        this.blocks = new BlockCache(cpu.bus);
        this.decoder = new BlockDecoder(cpu, handlers);
        this.hotCode = hotCode;
        this.hotThreshold = hotCode.threshold();
        this.firstLook = hotCode.firstLook();
        this.patience = hotCode.patience();
        this.attention = new Attention(cpu);
        cpu.probe.onDivision(blocks::clear);
    }

    @Override
    public void run(long instructions) {
        cpu.runLimit = cpu.completedInstructions + instructions;
        cpu.attention = true;
        // What was executed before: a block, from there, or a region; nothing that could be linked from otherwise.
        Block previous = null;
        long previousStart = 0;
        Region left = null;
        while (cpu.completedInstructions < cpu.runLimit) {
            // Whatever changes the mode or a translation asks for attention too: links of blocks hold only without.
            if (cpu.attention) {
                if (!attention.look()) return;
                previous = null;
            }
            long start = cpu.rip;
            Block block = null;
            if (previous != null) block = previous.successor(start - previousStart);
            else if (left != null) block = left.follower(start, key(), cpu.memory);
            if (block == null) {
                block = lookUp();
                if (block != null && previous != null) previous.link(start - previousStart, block);
                else if (block != null && left != null && !block.mayStop) left.follow(start, block);
            }
            left = block == null ? null : translated(block);
            if (left != null) {
                previous = null;
                continue;
            }
            if (block != null) execute(block);
            previous = block;
            previousStart = start;
        }
    }

    /**
     * Lets translated code have the block, if there is some that may be entered now. Returns the region that was left last, or
     * null if nothing got done.
     */
    private @Nullable Region translated(Block block) {
        Region region = block.region;
        if (region == null) {
            if (++block.executions < block.lookAt) return null;
            hotCode.look(block, blocks);
            region = block.region;
            if (region == null) return null;
        }
        if (!region.valid) {
            block.region = null;
            block.executions = region.wantsReplacement() ? hotThreshold - 1 : 0;
            block.postpone(region.wantsReplacement() ? 1 : firstLook);
            return null;
        }
        return !attention.singleInstruction() && mayEnter(region) ? enter(block, region) : null;
    }

    private boolean mayEnter(Region region) {
        return region.isReady(++dispatches, patience) && region.mayEnter(cpu, cpu.runLimit - cpu.completedInstructions);
    }

    /** How many instructions were executed by translated code, apart from repetitions. */
    public long translatedInstructions() {
        return translatedInstructions;
    }

    /** How often translated code was entered. */
    public long regionEntries() {
        return regionEntries;
    }

    /**
     * Goes from a region, entered at the block, to those that are known to follow, until attention is asked for. Returns the one
     * that was left last, or null if nothing got done.
     */
    private @Nullable Region enter(Block block, Region first) {
        cpu.blockEnd = Integer.MAX_VALUE;
        long pendingBefore = cpu.pendingDebugTraps;
        long completedBefore = cpu.completedInstructions;
        Region region = first;
        int entrance = block.entrance;
        try {
            while (advances(region, entrance) && !cpu.attention) {
                Block next = region.follower(cpu.rip, block.key, cpu.memory);
                if (next == null) break;
                Region following = next.entered();
                if (following == null || !mayEnter(following)) break;
                region = following;
                entrance = next.entrance;
            }
        } catch (GuestException fault) {
            keepPendingTraps(fault, pendingBefore);
            raise(region.stoppedAt(), fault, cpu.rip);
            return region;
        }
        if (region.takeMiss()) goOn(region.stoppedIn(), region.stoppedAfter());
        return cpu.completedInstructions > completedBefore || cpu.exit.kind != Exit.Kind.NONE ? region : null;
    }

    /** Executes a region. Returns whether another one may follow: it got something done, and no part of a block is left. */
    private boolean advances(Region region, int entrance) {
        region.enter(cpu, entrance);
        int done = cpu.position;
        cpu.position = 0;
        cpu.completedInstructions += done;
        translatedInstructions += done;
        regionEntries++;
        region.entered(done);
        return done > 0 && !region.missed;
    }

    /** Executes the rest of a block, of which so many instructions are completed and rIP is at the next. */
    private void goOn(Block block, int ordinal) {
        cpu.completedInstructions -= ordinal;
        cpu.position = ordinal;
        long start = cpu.rip - block.instructions[ordinal].offset & cpu.ripMask();
        execute(block.instructions, block.length, start, withinRun(block.instructions.length));
    }

    private int withinRun(int count) {
        long left = cpu.runLimit - cpu.completedInstructions;
        return count > left ? (int) left : count;
    }

    /** The block at rIP; or null after the exception that fetching it raised was delivered, or when a debugger has it wait. */
    private @Nullable Block lookUp() {
        try {
            Block block = nextBlock();
            if (block == null) {
                interpret();
                return null;
            }
            return block.mayStop && stopsBefore(linear()) ? null : block;
        } catch (GuestException fault) {
            if (leaves(fault)) leave(null, fault);
            else deliver(fault);
            return null;
        }
    }

    /** Whether a debugger has the instruction at rIP wait. */
    private boolean stopsBefore(long linear) {
        boolean stops = cpu.probe.stopsBefore(linear, cpu.instructionsExecuted());
        if (stops) attention.holdNext();
        return stops;
    }

    private void execute(Block block) {
        int count = attention.singleInstruction() ? 1 : block.instructions.length;
        execute(block.instructions, block.length, cpu.rip, withinRun(count));
    }

    /** Executes a block that starts at the offset {@code start} from instruction {@code cpu.position} up to {@code count}, or less if they end it. */
    private void execute(Instruction[] instructions, int length, long start, int count) {
        cpu.gpr[Instruction.BLOCK_RIP] = start;
        cpu.rip = start + length & cpu.ripMask();
        cpu.blockEnd = count;
        boolean traps = (cpu.otherFlags & Flags.TF) != 0;
        cpu.singleStepDropped = false;
        long pendingBefore = cpu.pendingDebugTraps;
        try {
            runner.run(cpu, instructions);
        } catch (GuestException fault) {
            keepPendingTraps(fault, pendingBefore);
            Instruction instruction = instructions[cpu.position];
            raise(instruction, fault, start + instruction.offset & cpu.ripMask());
            return;
        }
        int done = cpu.position;
        cpu.position = 0;
        cpu.completedInstructions += done;
        if (done < instructions.length) cpu.rip = start + instructions[done - 1].nextOffset() & cpu.ripMask();
        if (traps && !cpu.singleStepDropped) trap();
    }

    /** Data breakpoints, and a debugger's watches, that an unfinished instruction met are not reported. */
    private void keepPendingTraps(GuestException fault, long pendingBefore) {
        cpu.probe.forgetAccess();
        if (fault.vector != GuestException.DEBUG) cpu.pendingDebugTraps = pendingBefore;
    }

    /** The trap flag was set when the instruction began: #DB after it (SDM Vol 3B §17.3.1.4). */
    private void trap() {
        cpu.pendingDebugTraps |= 1L << 14;
        cpu.attention = true;
    }

    private void raise(Instruction instruction, GuestException fault, long rip) {
        cpu.completedInstructions += cpu.position;
        cpu.position = 0;
        cpu.rip = rip;
        if (fault.nonCanonical && instruction.segment == SegmentRegister.SS) fault.vector = GuestException.STACK_FAULT;
        // What a floating-point instruction would have reported goes with it.
        cpu.fpu.arithmetic.takeRaised();
        cpu.sseArithmetic.takeRaised();
        if (leaves(fault)) {
            leave(instruction, fault);
            return;
        }
        deliver(fault);
    }

    /** Delivers what an instruction raised, which counts as one: when it is done, as what it takes is to end the run with it. */
    private void deliver(GuestException fault) {
        cpu.attention = true;
        try {
            ExceptionDelivery.deliver(cpu, fault);
        } catch (GuestException exit) {
            if (exit.vector != GuestException.EXIT) throw exit;
            // A VM exit in the midst of the delivery; what was to be delivered is in the IDT-vectoring information.
        }
        cpu.completedInstructions++;
    }

    private boolean leaves(GuestException fault) {
        return cpu.deprivileged
                || fault.vector == GuestException.EXIT
                || cpu.nonRoot != null && EventExits.intercepts(cpu.nonRoot, fault.vector);
    }

    /** Control goes to the VMM. The instruction counts when the VMM has emulated it, or reflected what it raised. */
    private void leave(@Nullable Instruction instruction, GuestException fault) {
        ControlStructure nonRoot = cpu.nonRoot;
        if (nonRoot != null) {
            if (fault.vector != GuestException.EXIT) EventExits.leaveWith(cpu, nonRoot, fault);
            attention.restoreShadow();
            EventExits.causedBy(cpu, nonRoot, instruction);
        } else if (fault.vector != GuestException.EXIT) {
            cpu.exit.exception(fault, instruction);
        }
        cpu.attention = true;
    }

    /**
     * Executes the one instruction at rIP, decoded elsewhere: how a VMM emulates what it intercepted. It counts, and raises
     * what it raises, as if this processor had fetched it.
     */
    public void emulate(Instruction instruction) {
        int key = key();
        if (instruction.emulationKey != key) {
            instruction.emulationHandler = (char) decoder.handler(instruction);
            instruction.emulationKey = (byte) key;
        }
        int handler = instruction.handler;
        instruction.handler = instruction.emulationHandler;
        emulated[0] = instruction;
        try {
            execute(emulated, instruction.nextOffset(), cpu.rip - instruction.offset, 1);
        } finally {
            instruction.handler = (char) handler;
        }
    }

    /** Fetches, decodes and executes one instruction, unless a debugger has it wait, and remembers nothing of it. */
    public void interpret() {
        Instruction instruction;
        try {
            long linear = linear();
            if (stopsBefore(linear)) return;
            instruction = decoder.decodeAlone(linear);
        } catch (GuestException fault) {
            ExceptionDelivery.deliver(cpu, fault);
            cpu.completedInstructions++;
            return;
        }
        emulated[0] = instruction;
        execute(emulated, instruction.length, cpu.rip, 1);
    }

    /**
     * Delivers what may precede the next instruction: traps, interrupts.
     *
     * @return false when nothing can run: halted or shut down
     */
    public boolean deliverEvents() {
        return attention.look();
    }

    /** The next instruction waits for a debugger: what {@link #deliverEvents} saw to for it alone is seen to again. */
    public void holdNext() {
        attention.holdNext();
    }

    /** How many interrupts from the interrupt controller were delivered so far. */
    public long interruptsDelivered() {
        return attention.interrupts();
    }

    /** Whether only one instruction may run before {@link #deliverEvents} is due again. */
    public boolean singleInstruction() {
        return attention.singleInstruction();
    }

    /** Null where it would not be of memory, and cannot be kept. */
    private @Nullable Block nextBlock() {
        long linear = linear();
        long physical = cpu.memory.fetchPage(linear) | linear & 0xFFF;
        int key = key();
        Block block = blocks.find(physical, key);
        if (block != null && (block.secondPage == Block.NO_SECOND_PAGE || sameSecondPage(block, linear))) return block;
        if (!cpu.bus.isMemory(physical & ~0xFFFL)) return null;
        block = decoder.decode(linear, physical, key);
        if (block.secondPage != Block.NO_SECOND_PAGE && !cpu.bus.isMemory(block.secondPage)) return null;
        block.postpone(firstLook);
        if (blocks.add(block)) cpu.memory.flushWrites();
        return block;
    }

    /** Linear address of the instruction at rIP; raises #GP(0) beyond the limit of the code segment. */
    private long linear() {
        if (cpu.codeSize == 64) return cpu.rip;
        if (cpu.rip > cpu.segmentLimit[SegmentRegister.CS]) throw cpu.generalProtection(0);
        return cpu.segmentBase[SegmentRegister.CS] + cpu.rip & 0xFFFF_FFFFL;
    }

    private boolean sameSecondPage(Block block, long linear) {
        long next = (linear | 0xFFF) + 1;
        return cpu.memory.fetchPage(cpu.codeSize == 64 ? next : next & 0xFFFF_FFFFL) == block.secondPage;
    }

    private int key() {
        int size = cpu.codeSize >>> 5; // 0, 1 or 2
        if (cpu.flatSegments) size |= FLAT_SEGMENTS;
        if (cpu.translationPass != null && cpu.cpl == 1) size |= TRANSLATED;
        return cpu.protectedMode && !cpu.virtual8086 ? size : size | NOT_PROTECTED;
    }

    @Override
    public void codeWritten(long physicalAddress, long length) {
        blocks.written(physicalAddress, length);
    }

    @Override
    public void flushCode() {
        blocks.clear();
    }
}
