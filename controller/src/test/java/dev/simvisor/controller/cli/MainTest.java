package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class MainTest {
    static Set<String> commands() {
        return Main.commandLine().getSubcommands().keySet();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void aNamedCommandExplainsItselfAsItDoesAmongAllCommands(String name) {
        String amongAll = Main.commandLine().getSubcommands().get(name).getUsageMessage();

        assertThat(Main.commandLine(name).getSubcommands()).containsOnlyKeys(name);
        assertThat(Invocation.of(name, "--help").output()).isEqualTo(amongAll);
    }

    @Test
    void helpListsAllCommands() {
        assertThat(Invocation.of("--help").output()).contains(commands());
    }

    /** Whatever is said of a command is a format, in which a lone percent sign makes picocli warn. */
    @Test
    void noHelpHasAPercentSignThatIsNone() {
        List<CommandLine> commands = new ArrayList<>(List.of(Main.commandLine()));
        for (int i = 0; i < commands.size(); i++) {
            commands.addAll(commands.get(i).getSubcommands().values());
            assertThat(described(commands.get(i).getCommandSpec())).isNotEmpty();
            for (String line : described(commands.get(i).getCommandSpec())) {
                assertThatCode(() -> String.format(Locale.ROOT, line)).as(line).doesNotThrowAnyException();
            }
        }
        assertThat(commands).hasSizeGreaterThan(20);
    }

    /** As it is written: what picocli tells of it is formatted already, or given up. */
    private static List<String> described(CommandSpec command) {
        List<String> lines = new ArrayList<>();
        for (ArgSpec argument : command.args()) {
            if (argument.userObject() instanceof AnnotatedElement element) {
                Stream.ofNullable(element.getAnnotation(Option.class))
                        .forEach(option -> lines.addAll(List.of(option.description())));
                Stream.ofNullable(element.getAnnotation(Parameters.class))
                        .forEach(parameter -> lines.addAll(List.of(parameter.description())));
            }
        }
        Stream.ofNullable(command.userObject().getClass().getAnnotation(Command.class))
                .forEach(said -> Stream.of(said.header(), said.description(), said.footer())
                        .forEach(texts -> lines.addAll(List.of(texts))));
        return lines;
    }

    @Test
    void whatIsNoCommandIsRefusedInOneLine() {
        Invocation misspelt = Invocation.of("bot", "--guest=builtin");

        assertThat(misspelt.status()).isNotZero();
        assertThat(misspelt.errors()).hasLineCount(1).contains("'bot'").contains("simvisor --help");
    }
}
