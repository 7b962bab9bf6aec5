package dev.simvisor.node.cpu.softfloat;

/**
 * The control and status of one floating-point unit: rounding, precision, exception masks, and what the running
 * instruction has raised. A processor has one for x87 and one for SSE; nothing here allocates after construction.
 *
 * <p>Exception bits have the positions that the x87 status word and MXCSR share (SDM Vol 1 §8.1.3, §10.2.3). An
 * instruction starts with {@link #raised()} zero and ends by {@link #takeRaised()}.
 */
public final class FloatEnvironment {
    /** IE: invalid operation. */
    public static final int INVALID = 0x01;
    /** DE: denormal operand. */
    public static final int DENORMAL = 0x02;
    /** ZE: finite number divided by zero. */
    public static final int ZERO_DIVIDE = 0x04;
    /** OE: numeric overflow. */
    public static final int OVERFLOW = 0x08;
    /** UE: numeric underflow. */
    public static final int UNDERFLOW = 0x10;
    /** PE: inexact result. */
    public static final int PRECISION = 0x20;
    /** Exceptions found before the computation; unmasked, they stop it (SDM Vol 1 §4.9.3). */
    public static final int PRE_COMPUTATION = INVALID | DENORMAL | ZERO_DIVIDE;
    /** All six exceptions. */
    public static final int ALL = 0x3f;

    /** Rounding control 0: to nearest, ties to even. */
    public static final int NEAREST = 0;
    /** Rounding control 1: toward minus infinity. */
    public static final int DOWN = 1;
    /** Rounding control 2: toward plus infinity. */
    public static final int UP = 2;
    /** Rounding control 3: toward zero. */
    public static final int TOWARD_ZERO = 3;

    private static final int MXCSR_DENORMALS_ARE_ZERO = 1 << 6;
    private static final int MXCSR_FLUSH_TO_ZERO = 1 << 15;
    private static final int[] PRECISION_CONTROL = {24, 64, 53, 64};

    private final Unrounded unrounded = new Unrounded();
    /** The control word or MXCSR that was loaded last; -1 before. */
    private int word = -1;

    private int rounding = NEAREST;
    private int precision = 64;
    private int masks = ALL;
    private boolean flushToZero;
    private boolean denormalsAreZero;
    private boolean inexactInvisible;
    private int raised;
    private boolean denormalSource;
    private boolean roundedUp;
    private int resultSignExponent;
    private long resultSignificand;

    /** Takes masks, precision control and rounding control from an x87 control word (SDM Vol 1 §8.1.5). */
    public void loadControlWord(int controlWord) {
        masks = controlWord & ALL;
        precision = PRECISION_CONTROL[controlWord >>> 8 & 3];
        rounding = controlWord >>> 10 & 3;
        flushToZero = false;
        denormalsAreZero = false;
        inexactInvisible = false;
    }

    /** Takes masks, rounding control, FTZ and DAZ from MXCSR, and whether a further inexact result shows (SDM Vol 1 §10.2.3). */
    public void loadMxcsr(int mxcsr) {
        masks = mxcsr >>> 7 & ALL;
        rounding = mxcsr >>> 13 & 3;
        flushToZero = (mxcsr & MXCSR_FLUSH_TO_ZERO) != 0;
        denormalsAreZero = (mxcsr & MXCSR_DENORMALS_ARE_ZERO) != 0;
        inexactInvisible = rounding == NEAREST && (masks & PRECISION) != 0 && (mxcsr & PRECISION) != 0;
    }

    /** {@link #loadControlWord}, if it is not the word loaded last. */
    public void useControlWord(int controlWord) {
        if (word != controlWord) {
            loadControlWord(controlWord);
            word = controlWord;
        }
    }

    /** {@link #loadMxcsr}, if it is not the value loaded last. */
    public void useMxcsr(int mxcsr) {
        if (word != mxcsr) {
            loadMxcsr(mxcsr);
            word = mxcsr;
        }
    }

    /** Rounding control, {@link #NEAREST} to {@link #TOWARD_ZERO}. */
    public int rounding() {
        return rounding;
    }

    /** Significand bits that precision control asks for: 24, 53 or 64. */
    public int precision() {
        return precision;
    }

    /** Whether every exception in {@code exceptions} is masked. */
    public boolean masked(int exceptions) {
        return (masks & exceptions) == exceptions;
    }

    /** MXCSR.FTZ: a tiny result becomes zero when underflow is masked. */
    public boolean flushToZero() {
        return flushToZero;
    }

    /** MXCSR.DAZ: denormal operands count as zero. */
    public boolean denormalsAreZero() {
        return denormalsAreZero;
    }

    /** Whether rounding is to nearest and one more inexact result changes nothing: PE is masked and already set. */
    public boolean inexactInvisible() {
        return inexactInvisible;
    }

    /** Records exceptions of the running instruction. */
    public void raise(int exceptions) {
        raised |= exceptions;
    }

    /** Says that an operand in memory was denormal in its own format, which its extended form no longer shows. */
    public void setDenormalSource(boolean denormal) {
        denormalSource = denormal;
    }

    /** See {@link #setDenormalSource}; holds for the running instruction. */
    public boolean denormalSource() {
        return denormalSource;
    }

    /** Takes back exceptions of the running instruction. */
    public void retract(int exceptions) {
        raised &= ~exceptions;
    }

    /** The exceptions raised since {@link #takeRaised()}. */
    public int raised() {
        return raised;
    }

    /** The raised exceptions that are not masked. */
    public int unmasked() {
        return raised & ~masks;
    }

    /** Whether an unmasked exception was found before the computation, so that nothing must be written. */
    public boolean stopped() {
        return (raised & ~masks & PRE_COMPUTATION) != 0;
    }

    /** The exceptions raised, and forgets them: the end of an instruction. */
    public int takeRaised() {
        int exceptions = raised;
        raised = 0;
        denormalSource = false;
        return exceptions;
    }

    /** Whether the last inexact x87 result was rounded up in magnitude: C1 (SDM Vol 1 §8.1.3.3). */
    public boolean roundedUp() {
        return roundedUp;
    }

    /** Sets what C1 will say. */
    public void setRoundedUp(boolean up) {
        roundedUp = up;
    }

    /** Sign (bit 15) and biased exponent (bits 0 to 14) of the last x87 result. */
    public int resultSignExponent() {
        return resultSignExponent;
    }

    /** Significand of the last x87 result, its integer bit at bit 63. */
    public long resultSignificand() {
        return resultSignificand;
    }

    /** Leaves an x87 result. */
    public void setResult(int signExponent, long significand) {
        resultSignExponent = signExponent;
        resultSignificand = significand;
    }

    /** The scratch number in which this unit forms an exact result before rounding. */
    public Unrounded unrounded() {
        return unrounded;
    }
}
