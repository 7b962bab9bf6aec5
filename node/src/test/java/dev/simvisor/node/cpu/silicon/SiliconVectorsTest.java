package dev.simvisor.node.cpu.silicon;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class SiliconVectorsTest {
    private static final int FEWEST_CASES = 50_000;

    @Test
    void everyInstructionDoesWhatSiliconDid() throws IOException {
        List<SiliconVector> vectors;
        try (InputStream stream = requireNonNull(getClass().getResourceAsStream("silicon-vectors.bin.gz"))) {
            vectors = VectorFile.read(stream);
        }
        Replay replay = new Replay();
        replay.run(vectors);
        System.out.println(replay.summary());
        assertThat(replay.mismatches()).isEmpty();
        assertThat(vectors).hasSizeGreaterThan(FEWEST_CASES);
    }
}
