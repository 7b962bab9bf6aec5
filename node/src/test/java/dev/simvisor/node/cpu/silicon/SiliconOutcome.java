package dev.simvisor.node.cpu.silicon;

/**
 * What a case did.
 *
 * @param state the registers afterwards; those before the instruction where it faulted
 * @param vector of the exception, or {@link #COMPLETED}
 * @param errorCode 0 where the exception has none
 * @param faultAddress CR2 of a page fault, else 0
 * @param changes of the data pages: {@code offset << 8 | value}, ascending
 */
record SiliconOutcome(MachineState state, int vector, int errorCode, long faultAddress, int[] changes) {
    static final int COMPLETED = 0xFF;
}
