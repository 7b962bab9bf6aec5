package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;

/**
 * Multiplication and division (SDM Vol 2A DIV, IDIV, IMUL; 2B MUL). After a multiplication C and O tell whether the upper half
 * matters; the other flags are undefined and follow the lower half here. Division leaves all flags undefined: untouched.
 */
public final class MultiplyDivide {
    private MultiplyDivide() {}

    /** Leaves the flags of a product, of whose lower half {@code result} is the sign extension. */
    public static void flags(Cpu cpu, long result, boolean upperHalfMatters) {
        cpu.flagResult = result;
        int bit = upperHalfMatters ? 1 : 0;
        cpu.flagAux = Flags.carryOverflowAux(bit, bit);
    }

    public static void mul8(Cpu cpu, int a) {
        int product = cpu.reg8(RAX) * a;
        cpu.reg16(RAX, product);
        flags(cpu, (byte) product, product >>> 8 != 0);
    }

    public static void mul16(Cpu cpu, int a) {
        int product = cpu.reg16(RAX) * a;
        cpu.reg16(RAX, product);
        cpu.reg16(RDX, product >>> 16);
        flags(cpu, (short) product, product >>> 16 != 0);
    }

    public static void mul32(Cpu cpu, int a) {
        long product = (cpu.gpr[RAX] & 0xFFFF_FFFFL) * (a & 0xFFFF_FFFFL);
        cpu.reg32(RAX, (int) product);
        cpu.reg32(RDX, (int) (product >>> 32));
        flags(cpu, (int) product, product >>> 32 != 0);
    }

    public static void mul64(Cpu cpu, long a) {
        long b = cpu.gpr[RAX];
        long high = Math.unsignedMultiplyHigh(a, b);
        cpu.gpr[RAX] = a * b;
        cpu.gpr[RDX] = high;
        flags(cpu, a * b, high != 0);
    }

    public static void imulWide8(Cpu cpu, int a) {
        int product = (byte) cpu.reg8(RAX) * (byte) a;
        cpu.reg16(RAX, product);
        flags(cpu, (byte) product, product != (byte) product);
    }

    public static void imulWide16(Cpu cpu, int a) {
        int product = (short) cpu.reg16(RAX) * (short) a;
        cpu.reg16(RAX, product);
        cpu.reg16(RDX, product >>> 16);
        flags(cpu, (short) product, product != (short) product);
    }

    public static void imulWide32(Cpu cpu, int a) {
        long product = (long) cpu.reg32(RAX) * a;
        cpu.reg32(RAX, (int) product);
        cpu.reg32(RDX, (int) (product >>> 32));
        flags(cpu, (int) product, product != (int) product);
    }

    public static void imulWide64(Cpu cpu, long a) {
        long b = cpu.gpr[RAX];
        long high = Math.multiplyHigh(a, b);
        long low = a * b;
        cpu.gpr[RAX] = low;
        cpu.gpr[RDX] = high;
        flags(cpu, low, high != low >> 63);
    }

    public static int imul16(Cpu cpu, int a, int b) {
        int product = (short) a * (short) b;
        flags(cpu, (short) product, product != (short) product);
        return product;
    }

    public static int imul32(Cpu cpu, int a, int b) {
        long product = (long) a * b;
        flags(cpu, (int) product, product != (int) product);
        return (int) product;
    }

    public static long imul64(Cpu cpu, long a, long b) {
        long low = a * b;
        flags(cpu, low, Math.multiplyHigh(a, b) != low >> 63);
        return low;
    }

    private static GuestException divideError(Cpu cpu) {
        return cpu.raise(GuestException.DIVIDE_ERROR);
    }

    public static void div8(Cpu cpu, int divisor) {
        int dividend = cpu.reg16(RAX);
        if (divisor == 0 || dividend / divisor > 0xFF) throw divideError(cpu);
        cpu.reg16(RAX, dividend / divisor | dividend % divisor << 8);
    }

    public static void div16(Cpu cpu, int divisor) {
        int dividend = cpu.reg16(RDX) << 16 | cpu.reg16(RAX);
        if (divisor == 0) throw divideError(cpu);
        int quotient = Integer.divideUnsigned(dividend, divisor);
        if (quotient >>> 16 != 0) throw divideError(cpu);
        cpu.reg16(RAX, quotient);
        cpu.reg16(RDX, Integer.remainderUnsigned(dividend, divisor));
    }

    public static void div32(Cpu cpu, int divisor) {
        long dividend = cpu.gpr[RDX] << 32 | cpu.gpr[RAX] & 0xFFFF_FFFFL;
        int quotient = quotient32(cpu, dividend, divisor);
        cpu.reg32(RAX, quotient);
        cpu.reg32(RDX, (int) dividend - quotient * divisor);
    }

    /** What DIV of 32 bits leaves in EAX. */
    public static int quotient32(Cpu cpu, long dividend, int divisor) {
        if (divisor == 0) throw divideError(cpu);
        // Most dividends were widened from 32 bits, and hardware divides those faster.
        if (dividend >>> 32 == 0) return Integer.divideUnsigned((int) dividend, divisor);
        long quotient = Long.divideUnsigned(dividend, divisor & 0xFFFF_FFFFL);
        if (quotient >>> 32 != 0) throw divideError(cpu);
        return (int) quotient;
    }

    public static void div64(Cpu cpu, long divisor) {
        long low = cpu.gpr[RAX];
        long quotient = quotient64(cpu, cpu.gpr[RDX], low, divisor);
        cpu.gpr[RAX] = quotient;
        cpu.gpr[RDX] = low - quotient * divisor;
    }

    /** What DIV of 64 bits leaves in RAX. */
    public static long quotient64(Cpu cpu, long high, long low, long divisor) {
        // Also refuses a divisor of zero: the quotient fits only when the upper half is below the divisor.
        if (Long.compareUnsigned(high, divisor) >= 0) throw divideError(cpu);
        return high == 0 ? Long.divideUnsigned(low, divisor) : WideDivision.quotient(high, low, divisor);
    }

    public static void idiv8(Cpu cpu, int divisor) {
        int dividend = (short) cpu.reg16(RAX);
        int signed = (byte) divisor;
        if (signed == 0 || dividend / signed != (byte) (dividend / signed)) throw divideError(cpu);
        cpu.reg16(RAX, dividend / signed & 0xFF | (dividend % signed & 0xFF) << 8);
    }

    public static void idiv16(Cpu cpu, int divisor) {
        int dividend = cpu.reg16(RDX) << 16 | cpu.reg16(RAX);
        int signed = (short) divisor;
        // The quotient of the most negative dividend by -1 wraps, and is refused like any that does not fit.
        if (signed == 0 || dividend / signed != (short) (dividend / signed)) throw divideError(cpu);
        cpu.reg16(RAX, dividend / signed);
        cpu.reg16(RDX, dividend % signed);
    }

    public static void idiv32(Cpu cpu, int divisor) {
        long dividend = cpu.gpr[RDX] << 32 | cpu.gpr[RAX] & 0xFFFF_FFFFL;
        int quotient = signedQuotient32(cpu, dividend, divisor);
        cpu.reg32(RAX, quotient);
        cpu.reg32(RDX, (int) dividend - quotient * divisor);
    }

    /** What IDIV of 32 bits leaves in EAX. */
    public static int signedQuotient32(Cpu cpu, long dividend, int divisor) {
        if (divisor == 0 || divisor == -1 && dividend == Long.MIN_VALUE) throw divideError(cpu);
        // Not for the most negative dividend, whose quotient by -1 does not fit.
        if (dividend == (int) dividend && (int) dividend != Integer.MIN_VALUE) return (int) dividend / divisor;
        long quotient = dividend / divisor;
        if (quotient != (int) quotient) throw divideError(cpu);
        return (int) quotient;
    }

    public static void idiv64(Cpu cpu, long divisor) {
        long low = cpu.gpr[RAX];
        long quotient = signedQuotient64(cpu, cpu.gpr[RDX], low, divisor);
        cpu.gpr[RAX] = quotient;
        cpu.gpr[RDX] = low - quotient * divisor;
    }

    /** What IDIV of 64 bits leaves in RAX. */
    public static long signedQuotient64(Cpu cpu, long high, long low, long divisor) {
        boolean widened = high == low >> 63 && divisor != 0 && low != Long.MIN_VALUE;
        return widened ? low / divisor : wideSignedQuotient(cpu, high, low, divisor);
    }

    private static long wideSignedQuotient(Cpu cpu, long high, long low, long divisor) {
        boolean negativeDividend = high < 0;
        boolean negativeQuotient = negativeDividend != divisor < 0;
        long magnitudeLow = negativeDividend ? -low : low;
        long magnitudeHigh = negativeDividend ? ~high + (low == 0 ? 1 : 0) : high;
        long magnitudeDivisor = Math.abs(divisor); // 2^63 stays, read as unsigned
        if (Long.compareUnsigned(magnitudeHigh, magnitudeDivisor) >= 0) throw divideError(cpu);
        long magnitude = WideDivision.quotient(magnitudeHigh, magnitudeLow, magnitudeDivisor);
        long quotient = negativeQuotient ? -magnitude : magnitude;
        if (magnitude != 0 && quotient < 0 != negativeQuotient) throw divideError(cpu);
        return quotient;
    }
}
