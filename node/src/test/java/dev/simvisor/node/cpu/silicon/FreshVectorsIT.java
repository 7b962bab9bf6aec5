package dev.simvisor.node.cpu.silicon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Makes vectors on this machine and replays them: {@code -Dsilicon.seed=N}, on an x86-64 Linux with gcc. The recorded ones come
 * from an AMD processor; on another make what the manual leaves open may differ.
 */
@EnabledIfSystemProperty(named = "silicon.seed", matches = "-?[0-9]+")
class FreshVectorsIT {
    private static final int CASES_PER_FORM = 4;

    @Test
    void everyInstructionDoesWhatThisProcessorDoes() throws IOException, InterruptedException {
        int seed = Integer.getInteger("silicon.seed", 0);
        Replay replay = new Replay(Interpreter::new);
        replay.run(SiliconVectorGenerator.execute(
                SiliconVectorGenerator.cases(seed, CASES_PER_FORM), Path.of("src/test/silicon/runner.c")));
        System.out.println("seed " + seed + ", " + replay.summary());
        assertThat(replay.mismatches()).isEmpty();
    }
}
