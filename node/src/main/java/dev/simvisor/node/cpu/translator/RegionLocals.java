package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.interpreter.InstructionEmitter;

/** Where a region's method keeps what: numbers of JVM locals. */
final class RegionLocals {
    static final int REGION = 0;
    static final int CPU = 1;
    /** {@code cpu.gpr}. */
    static final int GPR = 2;
    /** Entries of the TLB for loads. */
    static final int READS = 3;
    /** Entries of the TLB for stores. */
    static final int WRITES = 4;
    /** {@code cpu.memory}. */
    static final int MEMORY = 5;
    /** Instructions completed before the current block. */
    static final int EXECUTED = 6;
    /** Executing one more path is allowed while {@link #EXECUTED} is not above. */
    static final int BUDGET = 7;
    /** Number of the instruction that may raise something. */
    static final int AT = 8;
    /** rIP at the entry; a long. */
    static final int ENTRY = 9;
    /** rIP at which to go on after leaving; a long. */
    static final int EXIT = 11;
    // See DeferredFlags.
    static final int KIND = 13;
    static final int STEP = 14;
    static final int FLAG_A = 15;
    static final int FLAG_B = 17;
    static final int STEPPED = 19;
    // Within an instruction.
    static final int SCRATCH_A = 21;
    static final int SCRATCH_B = 23;
    static final int RAISED = 25;
    static final int TEMPORARIES = 26;
    /** Of the general registers; longs. */
    private static final int REGISTERS = TEMPORARIES + InstructionEmitter.TEMPORARIES;

    private RegionLocals() {}

    static int register(int number) {
        return REGISTERS + 2 * number;
    }
}
