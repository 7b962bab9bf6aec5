package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RCX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * The bookkeeping of REP, REPE and REPNE (SDM Vol 2B REP).
 *
 * <p>Each iteration counts as one instruction, since interrupts and the trap flag see each as one. A repeated instruction
 * therefore stops when the current run ends, with rIP still at itself and rCX telling what is left. Registers are brought up
 * to date after every iteration (or group of iterations that cannot fault), so that a fault needs no repair.
 */
public final class Repetition {
    private Repetition() {}

    /** Iterations that may be done now: 0 when rCX is zero; 1 without a prefix. */
    public static long allowed(Cpu cpu, Instruction i) {
        if (i.repeat == Instruction.NO_PREFIX) return 1;
        long count = cpu.gpr[RCX] & i.addressMask();
        if ((cpu.otherFlags & Flags.TF) != 0) return count == 0 ? 0 : 1;
        long budget = cpu.runLimit - cpu.instructionsExecuted();
        return Long.compareUnsigned(count, budget) < 0 ? count : budget;
    }

    /** Counts {@code iterations} completed ones: rCX goes down, the instruction counter up. */
    public static void completed(Cpu cpu, Instruction i, long iterations) {
        cpu.completedInstructions += iterations;
        if (i.repeat != Instruction.NO_PREFIX) {
            cpu.reg(RCX, i.addressSize, cpu.gpr[RCX] - iterations);
        }
    }

    /**
     * Ends this go. The interpreter will count the instruction itself as one, which the last iteration was already counted
     * as; with iterations left, the instruction is next again.
     *
     * @param done iterations completed in this go
     * @param finished whether the repetition ended by its own condition
     */
    public static void end(Cpu cpu, Instruction i, long done, boolean finished) {
        if (done > 0) cpu.completedInstructions--;
        boolean repeated = i.repeat != Instruction.NO_PREFIX;
        if (repeated && !finished && (cpu.gpr[RCX] & i.addressMask()) != 0) cpu.rip = cpu.currentRip(i);
    }

    /** Whether another iteration may follow without leaving the instruction: a device access ended the block. */
    public static boolean mayContinue(Cpu cpu) {
        return cpu.blockEnd != 0;
    }
}
