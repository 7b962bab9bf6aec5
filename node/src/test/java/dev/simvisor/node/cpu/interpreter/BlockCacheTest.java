package dev.simvisor.node.cpu.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BlockCacheTest {
    private static final int KEY = 1;
    /** Not aligned, as most of a program's blocks are not. */
    private static final int APART = 61;

    private static final Instruction INSTRUCTION =
            new Instruction(InstructionTable.load().undefined());

    private final FlatBus bus = new FlatBus(1 << 23);
    private final BlockCache cache = new BlockCache(bus);

    @AfterEach
    void close() {
        bus.close();
    }

    private void add(int blocks, int instructions) {
        Instruction[] all = new Instruction[instructions];
        Arrays.fill(all, INSTRUCTION);
        for (int n = 0; n < blocks; n++)
            cache.add(new Block((long) n * APART, KEY, all, APART, Block.NO_SECOND_PAGE, false));
    }

    private long found(int blocks) {
        return IntStream.range(0, blocks)
                .filter(n -> cache.find((long) n * APART, KEY) != null)
                .count();
    }

    @Test
    void largeCodeHasRoomButForWhatMeetsInASlot() {
        add(100_000, 5);

        assertThat(found(100_000)).isGreaterThan(70_000);
    }

    @Test
    void ofMoreThanAMillionInstructionsSomeAreGivenUp() {
        add(40_000, APART);

        assertThat(found(40_000) * APART).isBetween(1L << 19, (1L << 20) + 2 * APART);
    }

    @Test
    void whatIsWrittenIsForgottenAndNothingElse() {
        add(1000, 5);
        long before = found(1000);
        long written = IntStream.range(10, 1000)
                .filter(n -> cache.find((long) n * APART, KEY) != null)
                .findFirst()
                .orElseThrow();
        cache.written(written * APART + 3, 2);

        assertThat(cache.find(written * APART, KEY)).isNull();
        assertThat(found(1000)).isEqualTo(before - 1);
    }
}
