package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.simvisor.config.CostModel;
import dev.simvisor.config.VirtualizationMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainTest {
    @Test
    void everyModeIsExplained() {
        String text = explained("modes");
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            assertThat(text).containsPattern("(?m)^" + mode + "\\b").contains(mode.memory());
        }
        assertThat(text).doesNotContain("not available yet").contains("lab-ml110-g5, pentium-4");
    }

    @Test
    void everyHypercallIsListedAndThoseThatThereAreNotSaySo() {
        String text = explained("hypercalls");
        assertThat(text)
                .containsPattern("(?m)^ +1 +mmu_update +changes page-table entries")
                .containsPattern("(?m)^ +36 +domctl +answers ENOSYS$")
                .containsPattern("(?m)^  sched_op: yield, block, shutdown, poll$");
        var rows = ConfigFactory.parseString("rows = " + explained("hypercalls", "--output", "json"))
                .getConfigList("rows");
        assertThat(rows)
                .extracting(row -> row.getInt("number"))
                .doesNotHaveDuplicates()
                .isSorted();
    }

    @Test
    void hotCodeIsShownBesideItsBytecode() {
        String text = explained("hot", "--append", "run=\"crc 20; halt\"", "--regions", "1");
        assertThat(text)
                .containsPattern("^region at [0-9a-f]+: [0-9,]+ instructions \\([0-9.]+ % of all\\)")
                .containsPattern("(?m)^[0-9a-f]+ +shr [a-z]+, 0x8 +.*iushr");
    }

    @Test
    void hotCodeHasTheNamesOfItsSymbols(@TempDir Path directory) throws IOException {
        Path symbols = Files.writeString(directory.resolve("symbols"), """
                                 U undefined
                0000000000400000 T program
                0000000000400000 t alias\t[module]
                0000000000400008 D data
                """);
        assertThat(hotCode(symbols, "table")).containsPattern("^region at 40[0-9a-f]+ \\(program\\+0x[0-9a-f]+\\): ");
        var rows =
                ConfigFactory.parseString("rows = " + hotCode(symbols, "json")).getConfigList("rows");
        assertThat(rows.getFirst().getString("symbol")).startsWith("program+0x");
    }

    private static String hotCode(Path symbols, String output) {
        String work = "run=\"crc 20; halt\"";
        return explained("hot", "--append", work, "--symbols", symbols.toString(), "--output", output);
    }

    @Test
    void everyKindOfExitIsExplained() {
        String text = explained("exits");
        for (CostModel.Exit exit : CostModel.Exit.values()) {
            assertThat(text).contains(exit.written() + " ").contains(exit.about());
        }
        for (String model : CostModel.names()) {
            assertThat(text).contains("Cycles by " + model);
        }
    }

    @Test
    void jsonHasTheSourcesOfAllFigures() {
        String json = explained("exits", "--output", "json");
        var exits = ConfigFactory.parseString("exits = " + json).getConfigList("exits");
        assertThat(exits).hasSameSizeAs(CostModel.Exit.values());
        assertThat(json).contains("\"source\"").contains("A&A");
    }

    @Test
    void everyCriticalInstructionIsShownInEveryMode() {
        String text = explained("critical");
        assertThat(text)
                .containsPattern("(?m)^POPF +§3.1 +IF=0 +WRONG: IF=1 +right +right$")
                .containsPattern("(?m)^INT n +§3.2 +handler entered from selector 0008H, IF=1 +right +right +right$")
                .contains("6002  9d     popfd");
        var rows = ConfigFactory.parseString("rows = " + explained("critical", "--output", "json"))
                .getConfigList("rows");
        assertThat(rows).hasSize(19).allSatisfy(row -> {
            assertThat(row.getBoolean("modes.translate.right")).isTrue();
            assertThat(row.getBoolean("modes.hardware.right")).isTrue();
        });
    }

    @Test
    void translationReplacesWhatIsSensitiveAndLeavesTheRest() {
        assertThat(explained("translate", "--blocks", "1"))
                .containsPattern("(?m)^10000c +fa +cli +callout: cli$")
                .containsPattern("(?m)^10000d +fc +cld +cld$");
    }

    @Test
    void theGuestIsGivenAsToOtherCommands() {
        assertThat(listing("--blocks", "1", "--memory", "32M")).isEqualTo(listing("--blocks", "1"));
        Invocation initrd = Invocation.of("explain", "hot", "--initrd", "files");
        assertThat(initrd.status()).isNotZero();
        assertThat(initrd.errors()).contains("--initrd goes with --kernel").hasLineCount(1);
    }

    @Test
    void aBlockIsFoundByItsAddress() {
        List<String> found = listing();
        String address = found.get(found.lastIndexOf("") + 1).split(" ")[0];
        assertThat(listing("--address", address).stream().skip(1))
                .containsExactlyElementsOf(found.subList(found.lastIndexOf("") + 1, found.size()));
        Invocation unmapped = Invocation.of("explain", "translate", "--address", "ffff900000000000");
        assertThat(unmapped.status()).isNotZero();
        assertThat(unmapped.errors()).contains("--address ffff900000000000").hasLineCount(1);
    }

    /** Lines of {@code explain translate}, whatever the widths of its columns. */
    private static List<String> listing(String... options) {
        String[] words =
                Stream.concat(Stream.of("translate"), Stream.of(options)).toArray(String[]::new);
        return explained(words).lines().map(line -> line.replaceAll(" +", " ")).toList();
    }

    private static String explained(String... words) {
        String[] arguments = new String[words.length + 1];
        arguments[0] = "explain";
        System.arraycopy(words, 0, arguments, 1, words.length);
        Invocation invocation = Invocation.of(arguments);
        assertThat(invocation.status()).as(invocation.errors()).isZero();
        return invocation.output();
    }
}
