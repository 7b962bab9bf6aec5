package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

    @Test
    void whatIsNoCommandIsRefusedInOneLine() {
        Invocation misspelt = Invocation.of("bot", "--guest=builtin");

        assertThat(misspelt.status()).isNotZero();
        assertThat(misspelt.errors()).hasLineCount(1).contains("'bot'").contains("simvisor --help");
    }
}
