package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code simvisor experiment run} on the scenario that comes with Simvisor. */
class ExperimentIT {
    private static final Path SCENARIO = Path.of("..", "cluster-config", "experiments", "migrate-under-load.conf");
    private static final String WALL_CLOCK = "wall-clock.json";

    @TempDir
    private Path directory;

    @Test
    void resultsAreTheSameToTheByteAgainAndInTwoProcesses() throws IOException {
        SortedMap<String, String> first = run("first", "--nodes", "0");

        assertThat(first.keySet())
                .containsExactly(
                        "consoles/mover",
                        "events.jsonl",
                        "migrations.json",
                        "migrations.png",
                        "migrations.txt",
                        "vms.json",
                        WALL_CLOCK);
        assertThat(first.get("consoles/mover").lines().filter(line -> line.startsWith("tick ")))
                .hasSize(80)
                .startsWith("tick 1")
                .endsWith("tick 80");
        assertThat(first.get("migrations.txt")).contains("ROUND", "Migration 2 of mover, host-2 to host-1: downtime ");
        assertThat(first.get("migrations.json")).contains("PRE_COPY", "STOP_AND_COPY", "MIGRATION_COMPLETED");
        first.remove(WALL_CLOCK);
        SortedMap<String, String> again = run("again", "--nodes", "0");
        again.remove(WALL_CLOCK);
        assertThat(again).isEqualTo(first);
        assertSameApart(SCENARIO, first);
    }

    @Test
    void aFolderThatExistsIsLeftAlone() throws IOException {
        Invocation invocation = Invocation.of("experiment", "run", SCENARIO.toString(), "--out", directory.toString());

        assertThat(invocation.status()).isNotZero();
        assertThat(invocation.errors()).startsWith("simvisor: " + directory + " exists already");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aFolderThatCannotBeMadeIsRefusedBeforeTheRun() throws IOException {
        Path out = Files.createFile(directory.resolve("file")).resolve("out");

        Invocation invocation = Invocation.of("experiment", "run", SCENARIO.toString(), "--out", out.toString());

        assertThat(invocation.status()).isNotZero();
        assertThat(invocation.errors()).hasLineCount(1).startsWith("simvisor: " + out + " cannot be written");
    }

    @Test
    void whatTheClusterRefusedIsSaidAndResultsAreForAllWhoMayReadTheirFolder() throws IOException {
        Path scenario = Files.writeString(directory.resolve("nowhere.conf"), """
                topology = "%s"
                vms = [ { name = idle, type = builtin } ]
                actions = [
                  { at = 0s, do = create, vm = idle, host = host-1 }
                  { at = 50ms, do = migrate, vm = idle, to = host-1 }
                  { at = 100ms, do = end }
                ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-hosts.conf").toAbsolutePath()));
        Path out = directory.resolve("out");

        Invocation invocation = Invocation.of("experiment", "run", scenario.toString(), "--out", out.toString());

        assertThat(invocation.status()).as(invocation.errors()).isZero();
        assertThat(invocation.output()).contains("At 50ms: VM idle is on host host-1 already");
        Path plain = Files.createDirectory(directory.resolve("plain"));
        assertThat(Files.getPosixFilePermissions(out)).isEqualTo(Files.getPosixFilePermissions(plain));
    }

    @Test
    void aVmThatNoHostCanTakeEndsTheRunAndLeavesNothing() throws IOException {
        Path scenario = Files.writeString(directory.resolve("too-large.conf"), """
                topology = "%s"
                vms = [ { name = giant, type = builtin, memory = 8G } ]
                actions = [ { at = 0s, do = create, vm = giant }, { at = 1s, do = end } ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-hosts.conf").toAbsolutePath()));

        Invocation invocation = Invocation.of(
                "experiment",
                "run",
                scenario.toString(),
                "--out",
                directory.resolve("out").toString());

        assertThat(invocation.status()).isNotZero();
        assertThat(invocation.errors().lines()).hasSize(1);
        assertThat(invocation.errors()).contains("giant", "no host has room");
        assertThat(directory.toFile().list()).containsExactly("too-large.conf");
    }

    @Test
    void clonesAreTheSameToTheByteInOneProcessAndInTwo() throws IOException {
        Path scenario = Files.writeString(directory.resolve("clones.conf"), """
                topology = "%s"
                vms = [ { name = first, type = builtin } ]
                actions = [
                  { at = 0s, do = create, vm = first, host = host-1 }
                  { at = 500ms, do = type, vm = first, text = "ticker 20 100\\n" }
                  { at = 600ms, do = type, vm = first, text = "dirty 2 4 random\\n" }
                  { at = 1s, do = clone, vm = first, as = twin }
                  { at = 1s, do = clone, vm = first, as = far, host = host-2 }
                  { at = 3s, do = migrate, vm = twin, to = host-2 }
                  { at = 4s, do = type, vm = far, text = "checksum\\n" }
                  { at = 5s, do = end }
                ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-hosts.conf").toAbsolutePath()));

        SortedMap<String, String> first = run(scenario, "together", "--nodes", "0");

        for (String vm : List.of("first", "twin", "far")) {
            assertThat(first.get("consoles/" + vm)).contains("tick 20").doesNotContain("tick 21");
        }
        assertThat(first.get("consoles/first").lines()).contains("tick 1");
        assertThat(first.get("consoles/twin").lines()).doesNotContain("tick 1");
        assertThat(first.get("consoles/first")).doesNotContain("checksum");
        assertThat(first.get("consoles/far")).contains("checksum");
        assertSameApart(scenario, first);
    }

    /** Four vCPUs that never wait share two processors while one of them is moved away. */
    /** As in {@code post-copy.conf}, of a smaller guest, in less time. */
    @Test
    void postCopyAndHybridAreTheSameToTheByteInOneProcessAndInTwo() throws IOException {
        Path scenario = Files.writeString(directory.resolve("post-copy.conf"), """
                topology = "%s"
                vms = [ { name = writer, type = builtin, memory = 8M } ]
                metrics { every = 500ms }
                actions = [
                  { at = 0s, do = create, vm = writer, host = host-1 }
                  { at = 500ms, do = type, vm = writer, text = "ticker 25 100\\n" }
                  { at = 600ms, do = type, vm = writer, text = "dirty 3 32\\n" }
                  { at = 700ms, do = migrate, vm = writer, to = host-2, bandwidth = 8MiB/s, downtime-limit = 1500us
                    max-rounds = 3 }
                  { at = 2s, do = migrate, vm = writer, to = host-1, bandwidth = 8MiB/s, algorithm = post-copy }
                  { at = 3s, do = migrate, vm = writer, to = host-2, bandwidth = 8MiB/s, algorithm = hybrid
                    downtime-limit = 1500us }
                  { at = 4s, do = type, vm = writer, text = "checksum\\n" }
                  { at = 4500ms, do = end }
                ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-hosts.conf").toAbsolutePath()));

        SortedMap<String, String> first = run(scenario, "together", "--nodes", "0");

        assertThat(first.get("consoles/writer").lines().filter(line -> line.startsWith("tick ")))
                .hasSize(25)
                .endsWith("tick 25");
        assertThat(first.get("consoles/writer")).contains(", verified");
        assertThat(first.get("migrations.txt").lines().filter(line -> line.contains("completed")))
                .hasSize(3)
                .allMatch(line -> line.endsWith("equal"));
        assertThat(first.get("migrations.txt").lines().filter(line -> line.contains(" fetched on demand, ")))
                .hasSize(2);
        assertThat(first.get("migrations.json")).contains("POST_COPY", "HYBRID", "\"stallNanos\"");
        assertSameApart(scenario, first);
    }

    /** As in {@code compression.conf}, of a smaller guest and on the fast link alone. */
    @Test
    void compressionByChannelsIsTheSameToTheByteInOneProcessAndInTwo() throws IOException {
        Path scenario = Files.writeString(directory.resolve("compression.conf"), """
                topology = "%s"
                vms = [ { name = writer, type = builtin, memory = 16M } ]
                actions = [
                  { at = 0s, do = create, vm = writer, host = fast-1 }
                  { at = 100ms, do = type, vm = writer, text = "fill 2\\n" }
                  { at = 200ms, do = type, vm = writer, text = "dirty 6 32\\n" }
                  { at = 500ms, do = migrate, vm = writer, to = fast-2, downtime-limit = 2ms }
                  { at = 600ms, do = migrate, vm = writer, to = fast-1, downtime-limit = 2ms, compression = zstd }
                  { at = 700ms, do = migrate, vm = writer, to = fast-2, downtime-limit = 2ms, compression = zstd
                    channels = 4, delta-cache = 8M }
                  { at = 800ms, do = migrate, vm = writer, to = fast-1, algorithm = stop-and-copy, compression = zstd
                    channels = 16 }
                  { at = 1s, do = type, vm = writer, text = "checksum\\n" }
                  { at = 2s, do = end }
                ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-links.conf").toAbsolutePath()));

        SortedMap<String, String> first = run(scenario, "together", "--nodes", "0");

        assertThat(first.get("consoles/writer")).contains(", verified");
        assertThat(first.get("migrations.txt").lines().filter(line -> line.contains("completed")))
                .hasSize(4)
                .allMatch(line -> line.endsWith("equal"));
        assertThat(first.get("migrations.txt").lines().filter(line -> line.startsWith("compressed ")))
                .hasSize(3);
        assertThat(first.get("migrations.json")).contains("MIGRATION_COMPRESSION_ZSTD", "\"ratio\"", "\"codingNanos\"");
        assertSameApart(scenario, first);
    }

    @Test
    void metricsAreTheSameToTheByteInOneProcessAndInTwo() throws IOException {
        Path scenario = Files.writeString(directory.resolve("metrics.conf"), """
                topology = "%s"
                vm-types { busy { guest = builtin, command-line = "run=\"spin 10\"" } }
                vms = [
                  { name = a, type = busy }, { name = b, type = busy }
                  { name = c, type = busy }, { name = d, type = busy }
                ]
                metrics { every = 100ms }
                actions = [
                  { at = 0s, do = create, vm = a, host = host-1 }
                  { at = 0s, do = create, vm = b, host = host-1 }
                  { at = 0s, do = create, vm = c, host = host-1 }
                  { at = 0s, do = create, vm = d, host = host-1 }
                  { at = 350ms, do = migrate, vm = d, to = host-2 }
                  { at = 950ms, do = end }
                ]
                """.formatted(
                        SCENARIO.resolveSibling("../topologies/two-hosts.conf").toAbsolutePath()));

        SortedMap<String, String> first = run(scenario, "together", "--nodes", "0");

        assertThat(first.keySet())
                .contains("metrics.csv", "vm-metrics.csv", "hosts.png", "summary.json", "summary.txt");
        assertThat(first.get("metrics.csv").lines()).hasSize(1 + 2 * 10);
        assertThat(first.get("metrics.csv")).contains("\n0.3,host-1,up,2,0.1,1.000000,0.2,0.2,4,0,");
        assertSameApart(scenario, first);
    }

    @Test
    void arrivalsAreTheSameToTheByteInOneProcessAndInTwo() throws IOException {
        Path study = SCENARIO.resolveSibling("placement-study.conf");
        SortedMap<String, String> first = run(study, "together", "--nodes", "0");

        assertThat(first.get("arrivals.csv")).contains(",placed,", ",refused,");
        assertThat(first.get("summary.txt")).contains("ARRIVALS", "UTILIZATION").containsPattern("(?m)^all .* J$");
        assertThat(first.get("consoles/job-1")).contains("sieve 40: checksum ");
        assertSameApart(study, first);
    }

    private SortedMap<String, String> run(String name, String... options) throws IOException {
        return run(SCENARIO, name, options);
    }

    /** Runs a scenario in two processes: the results are those of one, but for what the wall's clock measured. */
    private void assertSameApart(Path scenario, SortedMap<String, String> together) throws IOException {
        together.remove(WALL_CLOCK);
        SortedMap<String, String> apart = run(scenario, "apart", "--nodes", "2");
        apart.remove(WALL_CLOCK);
        assertThat(apart).isEqualTo(together);
    }

    private SortedMap<String, String> run(Path scenario, String name, String... options) throws IOException {
        Path out = directory.resolve(name);
        Invocation invocation = Invocation.of(Stream.concat(
                        Stream.of("experiment", "run", scenario.toString(), "--out", out.toString()),
                        Stream.of(options))
                .toArray(String[]::new));

        assertThat(invocation.status()).as(invocation.errors()).isZero();
        SortedMap<String, String> files = new TreeMap<>();
        try (Stream<Path> tree = Files.walk(out)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                files.put(out.relativize(file).toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return files;
    }
}
