package dev.simvisor.node.cpu.semantics;

/**
 * MMX and SSE2 integer arithmetic on 64 bits: two, four or eight lanes in a word. The plain operations work on all lanes at
 * once, with the carries between lanes suppressed (Warren, Hacker's Delight, §2-18); the others lane by lane.
 */
public final class PackedIntegers {
    private static final long BYTE_SIGNS = 0x8080_8080_8080_8080L;
    private static final long WORD_SIGNS = 0x8000_8000_8000_8000L;
    private static final long DWORD_SIGNS = 0x8000_0000_8000_0000L;
    private static final long BYTE_ONES = 0x0101_0101_0101_0101L;
    private static final long WORD_ONES = 0x0001_0001_0001_0001L;

    private PackedIntegers() {}

    // ---- wrap-around addition and subtraction

    private static long add(long a, long b, long signs) {
        return (a & ~signs) + (b & ~signs) ^ (a ^ b) & signs;
    }

    private static long subtract(long a, long b, long signs) {
        return (a | signs) - (b & ~signs) ^ (a ^ ~b) & signs;
    }

    public static long paddb(long a, long b) {
        return add(a, b, BYTE_SIGNS);
    }

    public static long paddw(long a, long b) {
        return add(a, b, WORD_SIGNS);
    }

    public static long paddd(long a, long b) {
        return add(a, b, DWORD_SIGNS);
    }

    public static long paddq(long a, long b) {
        return a + b;
    }

    public static long psubb(long a, long b) {
        return subtract(a, b, BYTE_SIGNS);
    }

    public static long psubw(long a, long b) {
        return subtract(a, b, WORD_SIGNS);
    }

    public static long psubd(long a, long b) {
        return subtract(a, b, DWORD_SIGNS);
    }

    public static long psubq(long a, long b) {
        return a - b;
    }

    // ---- logic

    public static long pand(long a, long b) {
        return a & b;
    }

    public static long pandn(long a, long b) {
        return ~a & b;
    }

    public static long por(long a, long b) {
        return a | b;
    }

    public static long pxor(long a, long b) {
        return a ^ b;
    }

    // ---- comparison: all ones where it holds

    /** All ones in each lane whose sign bit is set in {@code marks}, which has no other bits. */
    private static long spread(long marks, int laneBits) {
        return (marks << 1) - (marks >>> laneBits - 1);
    }

    private static long equal(long a, long b, long signs, int laneBits) {
        long difference = a ^ b;
        long nonZero = ((difference & ~signs) + ~signs | difference) & signs;
        return spread(nonZero ^ signs, laneBits);
    }

    /** The borrow out of each lane of {@code a - b} with the signs inverted: a signed comparison. */
    private static long greater(long a, long b, long signs, int laneBits) {
        long difference = subtract(b, a, signs);
        long less = (b & ~a | ~(b ^ a) & difference) & signs;
        return spread(less, laneBits);
    }

    public static long pcmpeqb(long a, long b) {
        return equal(a, b, BYTE_SIGNS, 8);
    }

    public static long pcmpeqw(long a, long b) {
        return equal(a, b, WORD_SIGNS, 16);
    }

    public static long pcmpeqd(long a, long b) {
        return equal(a, b, DWORD_SIGNS, 32);
    }

    public static long pcmpgtb(long a, long b) {
        return greater(a, b, BYTE_SIGNS, 8);
    }

    public static long pcmpgtw(long a, long b) {
        return greater(a, b, WORD_SIGNS, 16);
    }

    public static long pcmpgtd(long a, long b) {
        return greater(a, b, DWORD_SIGNS, 32);
    }

    // ---- minimum and maximum: a where the mask is set, else b

    private static long select(long mask, long a, long b) {
        return a & mask | b & ~mask;
    }

    public static long pmaxsw(long a, long b) {
        return select(pcmpgtw(a, b), a, b);
    }

    public static long pminsw(long a, long b) {
        return select(pcmpgtw(a, b), b, a);
    }

    public static long pmaxub(long a, long b) {
        return select(pcmpgtb(a ^ BYTE_SIGNS, b ^ BYTE_SIGNS), a, b);
    }

    public static long pminub(long a, long b) {
        return select(pcmpgtb(a ^ BYTE_SIGNS, b ^ BYTE_SIGNS), b, a);
    }

    // ---- averages: (a + b + 1) >> 1 is (a | b) - ((a ^ b) >> 1)

    public static long pavgb(long a, long b) {
        return subtract(a | b, (a ^ b) >>> 1 & ~BYTE_SIGNS, BYTE_SIGNS);
    }

    public static long pavgw(long a, long b) {
        return subtract(a | b, (a ^ b) >>> 1 & ~WORD_SIGNS, WORD_SIGNS);
    }

    // ---- saturating addition and subtraction

    private static long byteLane(long value, int shift) {
        return (byte) (value >>> shift);
    }

    private static long wordLane(long value, int shift) {
        return (short) (value >>> shift);
    }

    static int saturate(long value, int minimum, int maximum) {
        return (int) Math.min(Math.max(value, minimum), maximum);
    }

    static long signedByte(long value) {
        return saturate(value, Byte.MIN_VALUE, Byte.MAX_VALUE) & 0xFF;
    }

    static long unsignedByte(long value) {
        return saturate(value, 0, 0xFF);
    }

    static long signedWord(long value) {
        return saturate(value, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFF;
    }

    private static long unsignedWord(long value) {
        return saturate(value, 0, 0xFFFF);
    }

    public static long paddsb(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            result |= signedByte(byteLane(a, shift) + byteLane(b, shift)) << shift;
        }
        return result;
    }

    public static long psubsb(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            result |= signedByte(byteLane(a, shift) - byteLane(b, shift)) << shift;
        }
        return result;
    }

    public static long paddsw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= signedWord(wordLane(a, shift) + wordLane(b, shift)) << shift;
        }
        return result;
    }

    public static long psubsw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= signedWord(wordLane(a, shift) - wordLane(b, shift)) << shift;
        }
        return result;
    }

    public static long paddusb(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 8) {
            result |= unsignedByte((a >>> shift & 0xFF) + (b >>> shift & 0xFF)) << shift;
        }
        return result;
    }

    public static long paddusw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= unsignedWord((a >>> shift & 0xFFFF) + (b >>> shift & 0xFFFF)) << shift;
        }
        return result;
    }

    /** a - min(a, b). */
    public static long psubusb(long a, long b) {
        return psubb(a, pminub(a, b));
    }

    public static long psubusw(long a, long b) {
        long smaller = select(pcmpgtw(a ^ WORD_SIGNS, b ^ WORD_SIGNS), b, a);
        return psubw(a, smaller);
    }

    // ---- multiplication

    public static long pmullw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= (wordLane(a, shift) * wordLane(b, shift) & 0xFFFF) << shift;
        }
        return result;
    }

    public static long pmulhw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= (wordLane(a, shift) * wordLane(b, shift) >>> 16 & 0xFFFF) << shift;
        }
        return result;
    }

    public static long pmulhuw(long a, long b) {
        long result = 0;
        for (int shift = 0; shift < 64; shift += 16) {
            result |= ((a >>> shift & 0xFFFF) * (b >>> shift & 0xFFFF) >>> 16) << shift;
        }
        return result;
    }

    public static long pmuludq(long a, long b) {
        return (a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL);
    }

    public static long pmaddwd(long a, long b) {
        long low = wordLane(a, 0) * wordLane(b, 0) + wordLane(a, 16) * wordLane(b, 16);
        long high = wordLane(a, 32) * wordLane(b, 32) + wordLane(a, 48) * wordLane(b, 48);
        return low & 0xFFFF_FFFFL | high << 32;
    }

    public static long psadbw(long a, long b) {
        long larger = pmaxub(a, b);
        long difference = psubb(larger, pminub(a, b));
        // Pairs of bytes, then of words: no sum exceeds 8 × 255.
        long pairs = (difference & 0x00FF_00FF_00FF_00FFL) + (difference >>> 8 & 0x00FF_00FF_00FF_00FFL);
        return pairs * WORD_ONES >>> 48;
    }

    /** The sign bits of eight bytes, gathered into the low eight bits by a multiplication. */
    public static int pmovmskbMmx(long b) {
        return (int) ((b >>> 7 & BYTE_ONES) * 0x0102_0408_1020_4080L >>> 56);
    }
}
