package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.DebugRegisters;
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

    private final Cpu cpu;
    private final BlockRunner runner;
    private final BlockCache blocks;
    private final BlockDecoder decoder;
    /** Only the next instruction may run before attention is due again. */
    private boolean singleInstruction;

    public Interpreter(Cpu cpu) {
        HandlerTable handlers = HandlerTable.shared();
        this.cpu = cpu;
        this.runner = handlers.runner();
        this.blocks = new BlockCache(cpu.bus);
        this.decoder = new BlockDecoder(cpu, handlers);
    }

    @Override
    public void run(long instructions) {
        cpu.runLimit = cpu.completedInstructions + instructions;
        cpu.attention = true;
        Block previous = null;
        long previousStart = 0;
        while (cpu.completedInstructions < cpu.runLimit) {
            // Whatever changes the mode or a translation asks for attention too: links hold only without.
            if (cpu.attention) {
                if (!attend()) return;
                previous = null;
            }
            long start = cpu.rip;
            Block block = previous == null ? null : previous.successor(start - previousStart);
            if (block == null) {
                block = lookUp();
                if (block != null && previous != null) previous.link(start - previousStart, block);
            }
            if (block != null) execute(block);
            previous = block;
            previousStart = start;
        }
    }

    /** The block at rIP, or null after the exception that fetching it raised was delivered. */
    private @Nullable Block lookUp() {
        try {
            return nextBlock();
        } catch (GuestException fault) {
            cpu.completedInstructions++;
            ExceptionDelivery.deliver(cpu, fault);
            cpu.attention = true;
            return null;
        }
    }

    private void execute(Block block) {
        Instruction[] instructions = block.instructions;
        long start = cpu.rip;
        int count = singleInstruction ? 1 : instructions.length;
        long budget = cpu.runLimit - cpu.completedInstructions;
        if (count > budget) count = (int) budget;
        cpu.gpr[Instruction.BLOCK_RIP] = start;
        cpu.rip = start + block.length & cpu.ripMask();
        cpu.blockEnd = count;
        boolean traps = (cpu.otherFlags & Flags.TF) != 0;
        cpu.singleStepDropped = false;
        try {
            runner.run(cpu, instructions);
        } catch (GuestException fault) {
            raise(instructions[cpu.position], fault, start);
            return;
        }
        int done = cpu.position;
        cpu.position = 0;
        cpu.completedInstructions += done;
        if (done < instructions.length) cpu.rip = start + instructions[done - 1].nextOffset() & cpu.ripMask();
        if (traps && !cpu.singleStepDropped) trap();
    }

    /** The trap flag was set when the instruction began: #DB after it (SDM Vol 3B §17.3.1.4). */
    private void trap() {
        cpu.pendingDebugTraps |= 1L << 14;
        cpu.attention = true;
    }

    private void raise(Instruction instruction, GuestException fault, long blockStart) {
        cpu.completedInstructions += cpu.position + 1;
        cpu.position = 0;
        cpu.rip = blockStart + instruction.offset & cpu.ripMask();
        if (fault.nonCanonical && instruction.segment == SegmentRegister.SS) fault.vector = GuestException.STACK_FAULT;
        // What a floating-point instruction would have reported goes with it.
        cpu.fpu.arithmetic.takeRaised();
        cpu.sseArithmetic.takeRaised();
        ExceptionDelivery.deliver(cpu, fault);
        cpu.attention = true;
    }

    private Block nextBlock() {
        long offset = cpu.rip;
        long linear = offset;
        if (cpu.codeSize != 64) {
            if (offset > cpu.segmentLimit[SegmentRegister.CS]) throw cpu.generalProtection(0);
            linear = cpu.segmentBase[SegmentRegister.CS] + offset & 0xFFFF_FFFFL;
        }
        long physical = cpu.memory.fetchPage(linear) | linear & 0xFFF;
        int key = key();
        Block block = blocks.find(physical, key);
        if (block != null && (block.secondPage == Block.NO_SECOND_PAGE || sameSecondPage(block, linear))) return block;
        block = decoder.decode(linear, physical, key);
        if (blocks.add(block)) cpu.memory.flushWrites();
        return block;
    }

    private boolean sameSecondPage(Block block, long linear) {
        long next = (linear | 0xFFF) + 1;
        return cpu.memory.fetchPage(cpu.codeSize == 64 ? next : next & 0xFFFF_FFFFL) == block.secondPage;
    }

    private int key() {
        int size = cpu.codeSize >>> 5; // 0, 1 or 2
        if (cpu.flatSegments) size |= FLAT_SEGMENTS;
        return cpu.protectedMode && !cpu.virtual8086 ? size : size | NOT_PROTECTED;
    }

    /** Looks at what may precede the next instruction (SDM Vol 3A table 6-2). Returns false when nothing can run. */
    private boolean attend() {
        cpu.attention = false;
        singleInstruction = false;
        if (cpu.shutdown) return false;
        if (cpu.interruptShadow) {
            // The instruction after STI or a load of SS runs first; a single step is reported after STI all the same.
            boolean trapsToo = cpu.debugShadow;
            cpu.interruptShadow = false;
            cpu.debugShadow = false;
            if (!trapsToo) {
                if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
                lookForBreakpoint();
            }
            oneInstruction();
            return !cpu.shutdown;
        }
        if (cpu.pendingDebugTraps != 0) deliverDebugTraps();
        if (cpu.nmiPending && !cpu.nmiBlocked) deliverNmi();
        else if (cpu.interruptsEnabled() && cpu.interruptController.interruptPending()) {
            cpu.halted = false;
            ExceptionDelivery.deliverInterrupt(cpu, cpu.interruptController.acknowledge());
        }
        if (cpu.shutdown || cpu.halted) return false;
        lookForBreakpoint();
        if (stepping() || DebugRegisters.watchesInstructions(cpu)) oneInstruction();
        return !cpu.shutdown;
    }

    /** #DB before an instruction with a breakpoint; RF spares the next instruction, and goes (SDM Vol 3B §17.3.1.1). */
    private void lookForBreakpoint() {
        boolean resumed = (cpu.otherFlags & Flags.RF) != 0;
        cpu.otherFlags &= ~Flags.RF;
        if (resumed || !DebugRegisters.watchesInstructions(cpu)) return;
        long linear = cpu.codeSize == 64 ? cpu.rip : cpu.segmentBase[SegmentRegister.CS] + cpu.rip & 0xFFFF_FFFFL;
        try {
            DebugRegisters.checkInstruction(cpu, linear);
        } catch (GuestException breakpoint) {
            ExceptionDelivery.deliver(cpu, breakpoint);
        }
    }

    private void oneInstruction() {
        singleInstruction = true;
        cpu.attention = true;
    }

    private boolean stepping() {
        return (cpu.otherFlags & Flags.TF) != 0;
    }

    private void deliverDebugTraps() {
        cpu.dr[6] |= cpu.pendingDebugTraps;
        cpu.pendingDebugTraps = 0;
        cpu.halted = false;
        ExceptionDelivery.deliver(cpu, cpu.raise(GuestException.DEBUG));
    }

    private void deliverNmi() {
        cpu.nmiPending = false;
        cpu.nmiBlocked = true;
        cpu.halted = false;
        ExceptionDelivery.deliverInterrupt(cpu, GuestException.NMI);
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
