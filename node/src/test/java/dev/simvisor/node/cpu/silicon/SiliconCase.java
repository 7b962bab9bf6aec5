package dev.simvisor.node.cpu.silicon;

import java.util.List;

/**
 * One instruction to execute and the state to execute it in.
 *
 * @param codeSize 16, 32 or 64
 * @param small whether data and stack segments hold the data pages alone
 * @param seed of the registers, see {@link InputState}
 * @param codeOffset of the instruction within the code page
 * @param code its bytes
 * @param values registers that differ from what the seed gives
 * @param pokes bytes of memory that differ from {@link SiliconLayout#memory}
 */
record SiliconCase(
        int codeSize,
        boolean small,
        int seed,
        int codeOffset,
        byte[] code,
        List<RegisterValue> values,
        List<Poke> pokes) {

    static final int MOST_POKES = 3;

    /** @param register by its encoding */
    record RegisterValue(int register, long value) {}

    /** @param offset from {@link SiliconLayout#DATA} */
    record Poke(int offset, byte[] bytes) {}

    MachineState input() {
        MachineState state = InputState.of(seed, codeSize, small);
        state.rip = codeOffset + (codeSize == 16 ? 0 : SiliconLayout.CODE);
        for (RegisterValue value : values) state.gpr[value.register] = value.value;
        return state;
    }

    /** Contents of the data pages before the case. */
    byte[] memory(byte[] initial) {
        byte[] memory = initial.clone();
        for (Poke poke : pokes) System.arraycopy(poke.bytes, 0, memory, poke.offset, poke.bytes.length);
        return memory;
    }
}
