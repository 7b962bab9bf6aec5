package dev.simvisor.node.vmm.migration;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What has changed in a page since it was sent last, in fewer bytes than the page has.
 *
 * <p>The idea is that of Svärd, Hudzia, Tordsson and Elmroth, "Evaluation of delta compression techniques for efficient live
 * migration of large virtual machines" (VEE 2011), whose XBRLE codes the runs of the exclusive or of both contents; QEMU has it
 * as XBZRLE ({@code docs/devel/migration/xbzrle.rst}). The format here is one of its own, in the same spirit:
 *
 * <pre>
 * delta     = { change }              nothing at all, if the page is as it was
 * change    = unchanged count byte...  first how many bytes stay, then how many follow in place of those that were there
 * unchanged = number                  from the end of the change before, or the start of the page
 * count     = number                  at least 1
 * number    = 7 bits in a byte, least significant ones first; bit 7 says that another byte follows (unsigned LEB128)
 * </pre>
 *
 * <p>What comes after the last change stays as it was. Numbers are at most 4096, so they take at most two bytes.
 */
public final class PageDelta {
    /** What the numbers of a change take at least: it is not worth ending one for no more unchanged bytes than that. */
    private static final int LEAST_NUMBERS_BYTES = 2;

    private static final int BITS_PER_BYTE = 7;
    private static final int LOW_BITS = (1 << BITS_PER_BYTE) - 1;
    private static final int MORE = 1 << BITS_PER_BYTE;
    private static final int MOST_NUMBER_BYTES = 2;

    private PageDelta() {}

    /** A delta that does not fit the format; the message is one line. */
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    /**
     * The delta from one content of a page to another.
     *
     * @param offset where the other one begins in {@code contents}
     * @return null where it would have more than {@code mostBytes}
     */
    public static byte @Nullable [] between(byte[] before, byte[] contents, int offset, int mostBytes) {
        byte[] delta = new byte[mostBytes];
        int length = 0;
        int done = 0;
        int from = nextChange(before, contents, offset, 0);
        while (from < PAGE_BYTES) {
            int to = endOfChange(before, contents, offset, from);
            int unchanged = from - done;
            int count = to - from;
            if (length + numberBytes(unchanged) + numberBytes(count) + count > mostBytes) {
                return null;
            }
            length = putNumber(delta, length, unchanged);
            length = putNumber(delta, length, count);
            System.arraycopy(contents, offset + from, delta, length, count);
            length += count;
            done = to;
            from = nextChange(before, contents, offset, to);
        }
        return Arrays.copyOf(delta, length);
    }

    private static int nextChange(byte[] before, byte[] contents, int offset, int from) {
        int mismatch = Arrays.mismatch(before, from, PAGE_BYTES, contents, offset + from, offset + PAGE_BYTES);
        return mismatch < 0 ? PAGE_BYTES : from + mismatch;
    }

    /** After the last changed byte before a stretch that is worth leaving out, or before the end of the page. */
    private static int endOfChange(byte[] before, byte[] contents, int offset, int from) {
        int end = from + 1;
        for (int i = end; i < PAGE_BYTES && i - end <= LEAST_NUMBERS_BYTES; i++) {
            if (before[i] != contents[offset + i]) {
                end = i + 1;
            }
        }
        return end;
    }

    private static int numberBytes(int number) {
        return number < MORE ? 1 : MOST_NUMBER_BYTES;
    }

    private static int putNumber(byte[] target, int at, int number) {
        if (number < MORE) {
            target[at] = (byte) number;
            return at + 1;
        }
        target[at] = (byte) (number & LOW_BITS | MORE);
        target[at + 1] = (byte) (number >> BITS_PER_BYTE);
        return at + MOST_NUMBER_BYTES;
    }

    /**
     * Makes of a page, in place, what the delta says.
     *
     * @param page what it was; of no use once the delta has been refused
     */
    public static void apply(byte[] page, byte[] delta) throws Malformed {
        Reader reader = new Reader(delta);
        int at = 0;
        while (reader.hasMore()) {
            int from = at + reader.number();
            int count = reader.number();
            if (count == 0) {
                throw new Malformed("a change of no bytes");
            }
            at = from + count;
            if (at > PAGE_BYTES) {
                throw new Malformed("a change beyond the end of the page");
            }
            reader.copy(page, from, count);
        }
    }

    private static final class Reader {
        private final byte[] delta;
        private int at;

        Reader(byte[] delta) {
            this.delta = delta;
        }

        boolean hasMore() {
            return at < delta.length;
        }

        int number() throws Malformed {
            int number = 0;
            for (int i = 0; i < MOST_NUMBER_BYTES; i++) {
                int next = delta[available(1)];
                at++;
                number |= (next & LOW_BITS) << i * BITS_PER_BYTE;
                if ((next & MORE) == 0) {
                    return number;
                }
            }
            throw new Malformed("a number of more than " + MOST_NUMBER_BYTES + " bytes");
        }

        void copy(byte[] page, int from, int count) throws Malformed {
            System.arraycopy(delta, available(count), page, from, count);
            at += count;
        }

        /** Where the next bytes are, if there are so many. */
        private int available(int count) throws Malformed {
            if (count > delta.length - at) {
                throw new Malformed("its end within a change");
            }
            return at;
        }
    }
}
