package dev.simvisor.node.cpu.silicon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The registers of a case, as {@code struct registers} of the runner holds them. */
final class MachineState {
    static final int SIZE = 576;
    static final int LEGACY_SIZE = 416;

    // Offsets within the FXSAVE image (SDM Vol 1 table 10-2).
    static final int CONTROL = 0;
    static final int STATUS = 2;
    static final int TAGS = 4;
    static final int MXCSR = 24;
    static final int STACK = 32;
    static final int XMM = 160;

    final long[] gpr = new long[16];
    long rip;
    long rflags;
    int cs;
    int ds;
    int es;
    int ss;
    int fs;
    int gs;

    /** The FXSAVE image up to XMM15. */
    final ByteBuffer legacy = ByteBuffer.allocate(LEGACY_SIZE).order(ByteOrder.LITTLE_ENDIAN);

    byte[] toBytes() {
        ByteBuffer buffer = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (long register : gpr) buffer.putLong(register);
        buffer.putLong(rip).putLong(rflags);
        buffer.putShort((short) cs).putShort((short) ds).putShort((short) es).putShort((short) ss);
        buffer.putShort((short) fs).putShort((short) gs).putInt(0);
        buffer.put(legacy.array());
        return buffer.array();
    }

    static MachineState of(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        MachineState state = new MachineState();
        for (int i = 0; i < state.gpr.length; i++) state.gpr[i] = buffer.getLong();
        state.rip = buffer.getLong();
        state.rflags = buffer.getLong();
        state.cs = buffer.getShort() & 0xFFFF;
        state.ds = buffer.getShort() & 0xFFFF;
        state.es = buffer.getShort() & 0xFFFF;
        state.ss = buffer.getShort() & 0xFFFF;
        state.fs = buffer.getShort() & 0xFFFF;
        state.gs = buffer.getShort() & 0xFFFF;
        buffer.getInt();
        buffer.get(state.legacy.array());
        return state;
    }

    int top() {
        return legacy.getShort(STATUS) >> 11 & 7;
    }

    /** Bits 63:0 of ST(i). */
    long significand(int i) {
        return legacy.getLong(STACK + 16 * i);
    }

    /** Sign and exponent of ST(i). */
    int signExponent(int i) {
        return legacy.getShort(STACK + 16 * i + 8) & 0xFFFF;
    }

    long xmm(int half) {
        return legacy.getLong(XMM + 8 * half);
    }
}
