package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.interpreter.InstructionEmitter;

/** Where a region's method keeps what: numbers of JVM locals. */
final class RegionLocals {
    static final int REGION = 0;
    static final int CPU = 1;
    /** rIP of the first block; a long. */
    static final int ORIGIN = 2;
    /** Number of the entrance. */
    static final int ENTRANCE = 4;
    /** {@code cpu.gpr}. */
    static final int GPR = 5;
    /** Address of the TLB's entries; a long. */
    static final int TLB = 6;
    /** {@code cpu.memory}. */
    static final int MEMORY = 8;
    /** Instructions completed before the current block. */
    static final int EXECUTED = 9;
    /** Executing one more path is allowed while {@link #EXECUTED} is not above. */
    static final int BUDGET = 10;
    /** rIP at which to go on after leaving; a long. */
    static final int EXIT = 11;
    /** Number of the instruction that may raise something. */
    static final int AT = 26;
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
    static final int TEMPORARIES = 27;
    /** Of the general registers; longs. */
    private static final int REGISTERS = TEMPORARIES + InstructionEmitter.TEMPORARIES;

    /** The lowest byte of {@link RegionCode#lowByte}; an int. */
    static final int LOW_BYTE = REGISTERS + 2 * 16;

    private RegionLocals() {}

    static int register(int number) {
        return REGISTERS + 2 * number;
    }
}
