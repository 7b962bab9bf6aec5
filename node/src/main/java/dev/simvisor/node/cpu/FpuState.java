package dev.simvisor.node.cpu;

import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.Transcendental;
import dev.simvisor.node.cpu.x87.Trigonometry;
import java.util.Arrays;

/** The x87 FPU's registers (SDM Vol 1 §8.1). The MMX registers are the significands. */
public final class FpuState {
    /** Physical registers R0 to R7: 64-bit significands with their explicit integer bit. */
    public final long[] significand = new long[8];

    /** Sign (bit 15) and biased exponent (bits 14:0) of R0 to R7. */
    public final int[] signExponent = new int[8];

    /** Control word. */
    public int control = 0x37F;

    /** Status word without TOP, which is kept apart. */
    public int status;

    /** Physical register that is ST(0). */
    public int top;

    /** Bit n set: physical register n is empty. The two-bit tags of the full tag word follow from the contents. */
    public int empty = 0xFF;

    public int lastOpcode;
    public int lastInstructionSelector;
    public long lastInstructionPointer;
    public int lastDataSelector;
    public long lastDataPointer;

    /** The state after RESET, which is not that after FNINIT (SDM Vol 3A table 9-1). */
    void reset() {
        Arrays.fill(significand, 0);
        Arrays.fill(signExponent, 0);
        control = 0x40;
        status = 0;
        top = 0;
        empty = 0;
        lastOpcode = 0;
        lastInstructionSelector = 0;
        lastInstructionPointer = 0;
        lastDataSelector = 0;
        lastDataPointer = 0;
    }

    /** FIP, FCS, FDP and FDS as FNSTENV lays them out, while it does. */
    public final int[] pointerWords = new int[4];

    // Working state of the arithmetic; nothing of it outlives an instruction.
    public final FloatEnvironment arithmetic = new FloatEnvironment();
    public final Transcendental transcendental = new Transcendental();
    public final Trigonometry trigonometry = new Trigonometry();
}
