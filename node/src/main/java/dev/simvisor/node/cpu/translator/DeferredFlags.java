package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.semantics.Arithmetic;
import dev.simvisor.node.cpu.semantics.Logic;
import dev.simvisor.node.cpu.semantics.MultiplyDivide;
import dev.simvisor.node.cpu.semantics.Shift;

/**
 * The arithmetic flags of translated code: not computed, but remembered as what would compute them. Two parts: the last
 * instruction that set all of them ({@code kind} with two operands), and the last INC or DEC since, which left the carry alone
 * ({@code step} with its operand). Operands are zero-extended, as registers of 32 bits are: then one of them is mostly the
 * register itself. Settling calls the semantic methods, whose results nobody needs then.
 */
public final class DeferredFlags {
    /** The flags are in the processor. */
    static final int SETTLED = 0;

    // Kinds for operands of 8 bits; those for 16, 32 and 64 follow.
    static final int ADD = 1;
    static final int SUB = 5;
    static final int SHL = 9;
    static final int SHR = 13;
    static final int SAR = 17;
    /** Only the last three exist: an 8-bit product sets its flags at once. */
    static final int IMUL = 21;
    /** The result of any logical instruction is the first operand. */
    static final int LOGIC = 25;
    /** The lower half of a product, sign-extended, is the first operand; the second is zero if the upper half does not matter. */
    static final int PRODUCT = 29;
    /** The operands are the words that {@link dev.simvisor.node.cpu.Flags} makes flags of. */
    static final int COMPUTED = 30;

    // Steps.
    static final int NO_STEP = 0;
    static final int INC = 1;
    static final int DEC = 5;

    private DeferredFlags() {}

    /** Leaves the flags in the processor. */
    public static void settle(Cpu cpu, int kind, long a, long b, int step, long stepped) {
        if (kind != SETTLED) settle(cpu, kind, a, b);
        if (step != NO_STEP) settleStep(cpu, step, stepped);
    }

    private static void settle(Cpu cpu, int kind, long a, long b) {
        switch (kind) {
            case ADD -> Arithmetic.add8(cpu, (int) a, (int) b);
            case ADD + 1 -> Arithmetic.add16(cpu, (int) a, (int) b);
            case ADD + 2 -> Arithmetic.add32(cpu, (int) a, (int) b);
            case ADD + 3 -> Arithmetic.add64(cpu, a, b);
            case SUB -> Arithmetic.sub8(cpu, (int) a, (int) b);
            case SUB + 1 -> Arithmetic.sub16(cpu, (int) a, (int) b);
            case SUB + 2 -> Arithmetic.sub32(cpu, (int) a, (int) b);
            case SUB + 3 -> Arithmetic.sub64(cpu, a, b);
            case SHL -> Shift.shl8(cpu, (int) a, (int) b);
            case SHL + 1 -> Shift.shl16(cpu, (int) a, (int) b);
            case SHL + 2 -> Shift.shl32(cpu, (int) a, (int) b);
            case SHL + 3 -> Shift.shl64(cpu, a, (int) b);
            case SHR -> Shift.shr8(cpu, (int) a, (int) b);
            case SHR + 1 -> Shift.shr16(cpu, (int) a, (int) b);
            case SHR + 2 -> Shift.shr32(cpu, (int) a, (int) b);
            case SHR + 3 -> Shift.shr64(cpu, a, (int) b);
            case SAR -> Shift.sar8(cpu, (int) a, (int) b);
            case SAR + 1 -> Shift.sar16(cpu, (int) a, (int) b);
            case SAR + 2 -> Shift.sar32(cpu, (int) a, (int) b);
            case SAR + 3 -> Shift.sar64(cpu, a, (int) b);
            case IMUL + 1 -> MultiplyDivide.imul16(cpu, (int) a, (int) b);
            case IMUL + 2 -> MultiplyDivide.imul32(cpu, (int) a, (int) b);
            case IMUL + 3 -> MultiplyDivide.imul64(cpu, a, b);
            case LOGIC -> Logic.test8(cpu, (int) a, (int) a);
            case LOGIC + 1 -> Logic.test16(cpu, (int) a, (int) a);
            case LOGIC + 2 -> Logic.test32(cpu, (int) a, (int) a);
            case LOGIC + 3 -> Logic.test64(cpu, a, a);
            case PRODUCT -> product(cpu, a, b);
            case COMPUTED -> computed(cpu, a, b);
            default -> throw new IllegalStateException("no such kind of deferred flags: " + kind);
        }
    }

    public static void product(Cpu cpu, long low, long upperHalfMatters) {
        MultiplyDivide.flags(cpu, low, upperHalfMatters != 0);
    }

    public static void computed(Cpu cpu, long result, long aux) {
        cpu.flagResult = result;
        cpu.flagAux = aux;
    }

    private static void settleStep(Cpu cpu, int step, long operand) {
        switch (step) {
            case INC -> Arithmetic.inc8(cpu, (int) operand);
            case INC + 1 -> Arithmetic.inc16(cpu, (int) operand);
            case INC + 2 -> Arithmetic.inc32(cpu, (int) operand);
            case INC + 3 -> Arithmetic.inc64(cpu, operand);
            case DEC -> Arithmetic.dec8(cpu, (int) operand);
            case DEC + 1 -> Arithmetic.dec16(cpu, (int) operand);
            case DEC + 2 -> Arithmetic.dec32(cpu, (int) operand);
            case DEC + 3 -> Arithmetic.dec64(cpu, operand);
            default -> throw new IllegalStateException("no such step of deferred flags: " + step);
        }
    }

    /** 0 to 3 for operands of 8 to 64 bits. */
    static int sizeIndex(int bits) {
        return Integer.numberOfTrailingZeros(bits) - 3;
    }
}
