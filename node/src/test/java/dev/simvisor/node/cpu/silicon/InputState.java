package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.Flags;

/** The registers before a case, as a function of its seed: edge values of integers and of every floating-point format. */
final class InputState {
    private static final int STACK_OFFSET = 0x1700;

    private final Pattern pattern;
    private final FloatPattern floats;
    private final MachineState state = new MachineState();

    private InputState(long seed) {
        pattern = new Pattern(seed);
        floats = new FloatPattern(pattern);
    }

    /** For code of 16, 32 or 64 bits; {@code small} selects data and stack segments that hold the data pages alone. */
    static MachineState of(long seed, int codeSize, boolean small) {
        InputState input = new InputState(seed);
        input.general(codeSize, small);
        input.segments(codeSize, small);
        input.x87();
        input.sse();
        return input.state;
    }

    private void general(int codeSize, boolean small) {
        for (int i = 0; i < 16; i++) {
            long value = pattern.edgy();
            state.gpr[i] = codeSize == 64 ? value : i < 8 ? value & 0xFFFF_FFFFL : 0;
        }
        state.gpr[4] = (small ? 0 : SiliconLayout.DATA) + STACK_OFFSET + 8L * pattern.below(16);
        long flags = pattern.next() & Flags.ARITHMETIC;
        if (pattern.oneIn(4)) flags |= Flags.DF;
        if (pattern.oneIn(8)) flags |= Flags.AC;
        state.rflags = flags | Flags.RESERVED_ONE | Flags.IF | Flags.TF;
    }

    private void segments(int codeSize, boolean small) {
        state.cs = switch (codeSize) {
            case 64 -> SiliconLayout.USER_CODE_64;
            case 32 -> SiliconLayout.USER_CODE_32;
            default -> SiliconLayout.SMALL_CODE_16;
        };
        int smallData = codeSize == 16 ? SiliconLayout.SMALL_DATA_16 : SiliconLayout.SMALL_DATA_32;
        int data = small ? smallData : SiliconLayout.USER_DATA;
        state.ds = data;
        state.es = data;
        state.ss = data;
    }

    // ---- x87

    private void x87() {
        int masks = pattern.oneIn(4) ? (int) pattern.next() & 0x3F : 0x3F;
        int control = masks | 0x40 | precision() << 8 | (pattern.oneIn(2) ? 0 : pattern.below(4)) << 10;
        int status = (int) pattern.next() & 0x4700 | pattern.below(8) << 11;
        if (pattern.oneIn(3)) status |= (int) pattern.next() & 0x7F;
        // A pending unmasked exception makes the next instruction raise #MF: seldom, and then with ES and B set.
        if (!pattern.oneIn(8)) status &= ~(0x3F & ~masks);
        if ((status & ~masks & 0x3F) != 0) status |= 0x8080;
        state.legacy.putShort(MachineState.CONTROL, (short) control);
        state.legacy.putShort(MachineState.STATUS, (short) status);
        state.legacy.put(MachineState.TAGS, (byte) (pattern.oneIn(3) ? pattern.next() : 0xFF));
        for (int i = 0; i < 8; i++) floats.extended(state.legacy, MachineState.STACK + 16 * i);
    }

    private int precision() {
        return switch (pattern.below(4)) {
            case 0 -> 0;
            case 1 -> 2;
            default -> 3;
        };
    }

    // ---- SSE

    private void sse() {
        int masks = pattern.oneIn(4) ? (int) pattern.next() & 0x1F80 : 0x1F80;
        int control = pattern.below(4) << 13;
        if (pattern.oneIn(8)) control |= 0x40;
        if (pattern.oneIn(8)) control |= 0x8000;
        int flags = pattern.oneIn(3) ? pattern.below(64) : 0;
        state.legacy.putInt(MachineState.MXCSR, masks | control | flags);
        for (int i = 0; i < 16; i++) {
            boolean doubles = pattern.oneIn(2);
            for (int lane = 0; lane < 2; lane++) {
                long value = doubles ? floats.doubleBits() : floats.twoSingles();
                state.legacy.putLong(MachineState.XMM + 16 * i + 8 * lane, value);
            }
        }
    }
}
