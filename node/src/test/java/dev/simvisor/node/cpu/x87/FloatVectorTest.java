package dev.simvisor.node.cpu.x87;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** Replays what {@code src/test/silicon/fpu_vectors.c} recorded on a real processor. */
class FloatVectorTest {
    private static final int X87_OPERATIONS = 43;
    private static final int SSE_OPERATIONS = 48;

    @Test
    void everyRecordedVectorAgreesWithSilicon() throws IOException {
        var tally = new FloatVectorTally();
        try (var input = new GZIPInputStream(
                Objects.requireNonNull(FloatVectorTest.class.getResourceAsStream("fpu-vectors.bin.gz")))) {
            tally.addAll(input);
        }
        System.out.print(tally.report());
        assertThat(tally.examples()).isEmpty();
        assertThat(tally.operations()).isEqualTo(X87_OPERATIONS + SSE_OPERATIONS);
    }
}
