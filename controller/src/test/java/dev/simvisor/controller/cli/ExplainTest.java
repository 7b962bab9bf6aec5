package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.simvisor.config.CostModel;
import dev.simvisor.config.VirtualizationMode;
import org.junit.jupiter.api.Test;

class ExplainTest {
    @Test
    void everyModeIsExplained() {
        String text = explained("modes");
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            assertThat(text).containsPattern("(?m)^" + mode + "\\b").contains(mode.memory());
        }
        assertThat(text).contains("para (not available yet)").contains("lab-classic, pentium-4");
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

    private static String explained(String... words) {
        String[] arguments = new String[words.length + 1];
        arguments[0] = "explain";
        System.arraycopy(words, 0, arguments, 1, words.length);
        Invocation invocation = Invocation.of(arguments);
        assertThat(invocation.status()).as(invocation.errors()).isZero();
        return invocation.output();
    }
}
