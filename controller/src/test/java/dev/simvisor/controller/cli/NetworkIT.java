package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two unmodified Debians on the Ethernet, while one and then the other is migrated: the scenario that is shipped. */
class NetworkIT {
    private static final Path SCENARIO = Path.of("../cluster-config/experiments/network.conf");
    private static final Pattern SUM = Pattern.compile("([0-9a-f]{32})  (file|-)");

    @TempDir
    private Path folder;

    private Path run(String name, int nodes) {
        Path results = folder.resolve(name);
        assertThat(Main.commandLine()
                        .execute(
                                "experiment",
                                "run",
                                SCENARIO.toString(),
                                "--out",
                                results.toString(),
                                "--nodes",
                                Integer.toString(nodes)))
                .isZero();
        return results;
    }

    /** In one process, and in two; the second run is held to the first to the byte, state hashes included. */
    @Test
    void debiansTalkAcrossHostsAndTransfersOutliveMigrationsTheSameInAnyNumberOfProcesses() throws Exception {
        assertThat(Main.commandLine().execute("guest", "fetch", "debian-12-amd64"))
                .isZero();
        Path first = run("first", 0);
        String client = Files.readString(first.resolve("consoles/client"));
        Matcher server = SUM.matcher(Files.readString(first.resolve("consoles/server")));
        assertThat(server.find()).isTrue();
        assertThat(client).contains("2 packets transmitted, 2 packets received, 0% packet loss");
        assertThat(SUM.matcher(client).results().map(sum -> sum.group(1)))
                .containsExactly(server.group(1), server.group(1));
        assertThat(client).containsPattern("\n2[0-9] of 30 pings");

        Path second = run("second", 2);
        for (String file : new String[] {"consoles/client", "consoles/server", "vms.json", "events.jsonl"}) {
            assertThat(Files.readString(second.resolve(file)))
                    .as(file)
                    .isEqualTo(Files.readString(first.resolve(file)));
        }
    }
}
