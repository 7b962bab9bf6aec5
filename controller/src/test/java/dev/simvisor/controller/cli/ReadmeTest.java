package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the README tells a reader to type is what the program and the build understand. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    @ParameterizedTest
    @MethodSource("simvisorCommands")
    void everyCommandShownIsUnderstood(String command) {
        String[] arguments = words(command).toArray(String[]::new);

        assertThatCode(() -> Main.commandLine(arguments).parseArgs(arguments)).doesNotThrowAnyException();
    }

    @Test
    void continuousIntegrationRunsTheTestCommandShown() throws IOException {
        List<String> script = Files.readAllLines(ROOT.resolve(".ci").resolve("run"));

        assertThat(shellLines()).contains(script.getLast());
    }

    /** The command lines that begin with {@code simvisor}, without that word and without a comment. */
    static List<String> simvisorCommands() throws IOException {
        return shellLines().stream()
                .filter(line -> line.startsWith("simvisor "))
                .map(line -> line.replaceFirst("\\s+#.*", "").substring("simvisor ".length()))
                .toList();
    }

    /** The lines within the README's {@code sh} blocks. */
    private static List<String> shellLines() throws IOException {
        List<String> lines = new ArrayList<>();
        boolean inShell = false;
        for (String line : Files.readAllLines(ROOT.resolve("README.md"))) {
            if (line.startsWith("```")) {
                inShell = line.equals("```sh");
            } else if (inShell) {
                lines.add(line);
            }
        }
        return lines;
    }

    private static List<String> words(String command) {
        return WORD.matcher(command).results().map(ReadmeTest::unquoted).toList();
    }

    private static String unquoted(MatchResult word) {
        return word.group(1) == null ? word.group(2) : word.group(1);
    }
}
