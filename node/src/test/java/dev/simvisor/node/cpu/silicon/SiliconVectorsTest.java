package dev.simvisor.node.cpu.silicon;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.cpu.translator.TranslatorSettings;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SiliconVectorsTest {
    private static final int FEWEST_CASES = 50_000;

    /** Translating an instruction takes far longer than executing it: only one in so many is, another one per form. */
    private static final int TRANSLATED_SHARE = 7;

    private static List<SiliconVector> recorded() throws IOException {
        try (InputStream stream =
                requireNonNull(SiliconVectorsTest.class.getResourceAsStream("silicon-vectors.bin.gz"))) {
            return VectorFile.read(stream);
        }
    }

    @Test
    void everyInstructionDoesWhatSiliconDid() throws IOException {
        List<SiliconVector> vectors = recorded();
        Replay replay = new Replay(Interpreter::new);
        replay.run(vectors);
        System.out.println(replay.summary());
        assertThat(replay.mismatches()).isEmpty();
        assertThat(vectors).hasSizeGreaterThan(FEWEST_CASES);
    }

    @Test
    void translatedInstructionsDoWhatSiliconDid() throws IOException {
        List<SiliconVector> all = recorded();
        int share = Integer.getInteger("silicon.translatedShare", TRANSLATED_SHARE);
        List<SiliconVector> some = IntStream.range(0, all.size())
                .filter(n -> n % share == 0)
                .mapToObj(all::get)
                .toList();
        Replay replay = new Replay(cpu -> new TranslatingEngine(cpu, new TranslatorSettings(1, 1, 10)));
        replay.run(some);
        System.out.println("translated, " + replay.summary());
        assertThat(replay.mismatches()).isEmpty();
    }
}
