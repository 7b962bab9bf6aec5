package dev.simvisor.controller.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.simvisor.controller.benchmark.Results.Repetition;
import dev.simvisor.controller.benchmark.Work.Boot;
import dev.simvisor.controller.benchmark.Work.Group;
import dev.simvisor.controller.benchmark.Work.Load;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private static final long MILLI = 1_000_000;
    private static final Work SIEVE = new Load("sieve", 32, Group.COMPUTE, 1);
    private static final Work CRC = new Load("crc", 64, Group.COMPUTE, 1);
    private static final Work BOOT = new Boot("linux", 64);

    private final Results results = new Results(List.of("ours", "theirs"));

    @Test
    void medianOfAnEvenNumberIsTheLowerOne() {
        assertThat(Results.median(List.of(4L, 1L, 3L, 2L))).isEqualTo(2);
        assertThat(Results.median(List.of(9L, 1L, 5L))).isEqualTo(5);
    }

    @Test
    void geometricMeanTreatsTwiceAndHalfAlike() {
        assertThat(Results.geometricMean(List.of(2.0, 0.5)).orElseThrow()).isEqualTo(1, within(1e-12));
        assertThat(Results.geometricMean(List.of())).isEmpty();
    }

    @Test
    void eachGroupHasItsOwnMeanAndLeastRatio() {
        measure(SIEVE, 100, 50, 200, 200);
        measure(CRC, 100, 100, 800, 900);
        results.add(BOOT, "ours", Repetition.FIRST, 300 * MILLI);
        results.add(BOOT, "theirs", Repetition.FIRST, 150 * MILLI);

        assertThat(table())
                .containsExactly(
                        "compute ours ms theirs ms theirs x Minstr/s",
                        "first again first again first again first again",
                        "sieve/32 100 50 200 200 2.00 4.00 - -",
                        "crc/64 100 100 800 900 8.00 9.00 - -",
                        "geometric mean 4.00 6.00",
                        "least 2.00 4.00",
                        "",
                        "boot ours ms theirs ms theirs x Minstr/s",
                        "first again first again first again first again",
                        "linux 300 - 150 - 0.50 - - -",
                        "geometric mean 0.50 -",
                        "least 0.50 -",
                        "");
    }

    @Test
    void rateIsTheFirstEmulatorsInstructionsPerSecond() {
        measure(SIEVE, 100, 50, 200, 200);
        results.count(SIEVE, "ours", 10_000_000);
        results.count(SIEVE, "theirs", 20_000_000);

        assertThat(table()).contains("sieve/32 100 50 200 200 2.00 4.00 100.0 200.0");
    }

    @Test
    void whatCannotBeRepeatedIsComparedByItsFirstExecution() {
        results.add(BOOT, "ours", Repetition.AGAIN, 100 * MILLI);
        results.add(BOOT, "theirs", Repetition.FIRST, 150 * MILLI);

        assertThat(table()).contains("linux - 100 150 - - 1.50 - -");
    }

    @Test
    void differentChecksumsAreRefused() throws BenchmarkException {
        results.check(SIEVE, "ours", "1a");
        results.check(CRC, "ours", "2b");
        results.check(SIEVE, "theirs", "1a");

        assertThatThrownBy(() -> results.check(CRC, "theirs", "2c"))
                .hasMessage("crc/64: checksum 2c by theirs, but 2b by ours");
    }

    private void measure(Work work, long ours, long oursAgain, long theirs, long theirsAgain) {
        results.add(work, "ours", Repetition.FIRST, ours * MILLI);
        results.add(work, "ours", Repetition.AGAIN, oursAgain * MILLI);
        results.add(work, "theirs", Repetition.FIRST, theirs * MILLI);
        results.add(work, "theirs", Repetition.AGAIN, theirsAgain * MILLI);
    }

    /** Its lines, with single spaces between columns. */
    private List<String> table() {
        return results.table()
                .lines()
                .map(line -> line.strip().replaceAll(" +", " "))
                .toList();
    }
}
