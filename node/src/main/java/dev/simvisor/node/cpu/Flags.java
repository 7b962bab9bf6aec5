package dev.simvisor.node.cpu;

/**
 * The six arithmetic flags, kept lazily.
 *
 * <p>Most flags that instructions produce are never read, so an arithmetic instruction leaves only two words behind, from
 * which any flag is a few bit operations away and which cost less than computing six flags:
 *
 * <ul>
 *   <li>{@code result}: the result, sign-extended to 64 bits. ZF, SF and PF come from it.
 *   <li>{@code aux}: bit 63 the carry (or borrow) out of the sign bit, bit 62 the carry into it, bit 3 the carry out of bit
 *       3. So CF is bit 63, OF is bit 63 xor bit 62, AF is bit 3. Flags that do not follow from a result are expressed as
 *       deltas: bit 0 inverts SF, bits 15:8 are xored into the result's low byte before its parity is taken.
 * </ul>
 *
 * <p>The methods here are pure. Carry vectors: Warren, Hacker's Delight, §2-13.
 */
public final class Flags {
    public static final int CF = 1;
    public static final int RESERVED_ONE = 1 << 1;
    public static final int PF = 1 << 2;
    public static final int AF = 1 << 4;
    public static final int ZF = 1 << 6;
    public static final int SF = 1 << 7;
    public static final int TF = 1 << 8;
    public static final int IF = 1 << 9;
    public static final int DF = 1 << 10;
    public static final int OF = 1 << 11;
    public static final int IOPL = 3 << 12;
    public static final int NT = 1 << 14;
    public static final int RF = 1 << 16;
    public static final int VM = 1 << 17;
    public static final int AC = 1 << 18;
    public static final int VIF = 1 << 19;
    public static final int VIP = 1 << 20;
    public static final int ID = 1 << 21;

    /** The flags that {@code result} and {@code aux} carry. */
    public static final int ARITHMETIC = CF | PF | AF | ZF | SF | OF;

    /** Every flag that exists; VIF and VIP do not without virtual-mode extensions. */
    public static final int EVERY = ARITHMETIC | TF | IF | DF | IOPL | NT | RF | VM | AC | ID;

    private static final long CARRIES = 3L << 62 | 8;

    private Flags() {}

    public static long addAux64(long a, long b, long sum) {
        return (a & b | (a | b) & ~sum) & CARRIES;
    }

    public static long addAux32(int a, int b, int sum) {
        int carries = a & b | (a | b) & ~sum;
        return (long) carries << 32 & 3L << 62 | carries & 8;
    }

    public static long addAux16(int a, int b, int sum) {
        int carries = a & b | (a | b) & ~sum;
        return (long) carries << 48 & 3L << 62 | carries & 8;
    }

    public static long addAux8(int a, int b, int sum) {
        int carries = a & b | (a | b) & ~sum;
        return (long) carries << 56 & 3L << 62 | carries & 8;
    }

    public static long subAux64(long a, long b, long difference) {
        return (~a & b | ~(a ^ b) & difference) & CARRIES;
    }

    public static long subAux32(int a, int b, int difference) {
        int borrows = ~a & b | ~(a ^ b) & difference;
        return (long) borrows << 32 & 3L << 62 | borrows & 8;
    }

    public static long subAux16(int a, int b, int difference) {
        int borrows = ~a & b | ~(a ^ b) & difference;
        return (long) borrows << 48 & 3L << 62 | borrows & 8;
    }

    public static long subAux8(int a, int b, int difference) {
        int borrows = ~a & b | ~(a ^ b) & difference;
        return (long) borrows << 56 & 3L << 62 | borrows & 8;
    }

    /** An aux word with the given CF and OF, each 0 or 1, and AF clear. */
    public static long carryOverflowAux(int carry, int overflow) {
        return (long) carry << 63 | (long) (carry ^ overflow) << 62;
    }

    /** {@code aux} with its CF replaced and its OF kept, for instructions that leave CF alone or set only CF. */
    public static long withCarry(long aux, int carry) {
        long overflow = aux >>> 63 ^ aux >>> 62 & 1;
        return aux & ~(3L << 62) | (long) carry << 63 | (carry ^ overflow) << 62;
    }

    public static boolean carry(long aux) {
        return aux < 0;
    }

    public static boolean overflow(long aux) {
        return (aux ^ aux << 1) < 0;
    }

    public static boolean sign(long result, long aux) {
        return (result ^ aux << 63) < 0;
    }

    public static boolean parity(long result, long aux) {
        int low = (int) (result ^ aux >>> 8) & 0xFF;
        return (Integer.bitCount(low) & 1) == 0;
    }

    /** CF, PF, AF, ZF, SF and OF in their places in RFLAGS. */
    public static int arithmetic(long result, long aux) {
        int flags = (int) (aux >>> 63);
        flags |= (int) (aux & 8) << 1;
        flags |= (int) ((aux ^ aux << 1) >>> 63) << 11;
        flags |= (int) ((result ^ aux << 63) >>> 63) << 7;
        if (result == 0) flags |= ZF;
        if (parity(result, aux)) flags |= PF;
        return flags;
    }

    /** The {@code result} word that, with {@link #auxOf}, stands for the given flags. */
    public static long resultOf(int flags) {
        return (flags & ZF) != 0 ? 0 : 1;
    }

    /** The {@code aux} word that, with {@link #resultOf}, stands for the given flags. */
    public static long auxOf(int flags) {
        int carry = flags & CF;
        int overflow = flags >>> 11 & 1;
        int naturalParity = (flags & ZF) != 0 ? 1 : 0;
        int parityDelta = flags >>> 2 & 1 ^ naturalParity;
        return carryOverflowAux(carry, overflow) | (flags & AF) >>> 1 | (long) parityDelta << 8 | flags >>> 7 & 1;
    }
}
