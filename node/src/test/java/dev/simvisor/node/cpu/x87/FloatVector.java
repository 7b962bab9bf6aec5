package dev.simvisor.node.cpu.x87;

import java.nio.ByteBuffer;

/** One record of {@code src/test/silicon/fpu_vectors.c}: what a real processor did with two operands. */
record FloatVector(
        int operation,
        int status,
        int control,
        long a,
        long b,
        long result,
        long second,
        int aHead,
        int bHead,
        int resultHead,
        int secondHead) {
    static final int BYTES = 48;

    static FloatVector read(ByteBuffer buffer) {
        return new FloatVector(
                buffer.getShort() & 0xffff,
                buffer.getShort() & 0xffff,
                buffer.getInt(),
                buffer.getLong(),
                buffer.getLong(),
                buffer.getLong(),
                buffer.getLong(),
                buffer.getShort() & 0xffff,
                buffer.getShort() & 0xffff,
                buffer.getShort() & 0xffff,
                buffer.getShort() & 0xffff);
    }

    @Override
    public String toString() {
        return String.format(
                "op %d control %04x a %04x.%016x b %04x.%016x -> status %04x %04x.%016x, %04x.%016x",
                operation, control, aHead, a, bHead, b, status, resultHead, result, secondHead, second);
    }
}
