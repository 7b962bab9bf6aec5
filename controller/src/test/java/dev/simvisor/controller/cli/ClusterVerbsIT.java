package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.boot.StreamLine;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.ListVmsResponse;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs against a cluster that {@code simvisor up} runs, with the built-in guest. */
class ClusterVerbsIT {
    private static final String TWO_HOSTS = "../cluster-config/topologies/two-hosts.conf";
    private static final String OLD_AND_NEW = "../cluster-config/topologies/old-and-new.conf";

    private static MigrationReport report(String json) throws IOException {
        MigrationReport.Builder report = MigrationReport.newBuilder();
        JsonFormat.parser().merge(json, report);
        return report.build();
    }

    private static ListVmsResponse vms(RunningUp cluster) throws IOException {
        ListVmsResponse.Builder vms = ListVmsResponse.newBuilder();
        JsonFormat.parser().merge(cluster.succeeds("vm", "list", "--output", "json"), vms);
        return vms.build();
    }

    @Test
    void vmIsCreatedTypedOnMigratedAndStopped() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            assertThat(cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M"))
                    .containsPattern("a +running +host-1 +16.0 MiB +bare");
            Typist typist = Typist.at(cluster, "a");
            typist.typeAndAwait("uptime\n", "uptime");

            MigrationReport report =
                    report(cluster.succeeds("vm", "migrate", "a", "--to", "host-2", "--output", "json"));
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash()).isNotEmpty().isEqualTo(report.getTargetStateHash());
            assertThat(cluster.succeeds("vm", "show", "a")).containsPattern("host +host-2");
            typist.typeAndAwait("checksum\n", "checksum");

            assertThat(cluster.succeeds("vm", "stop", "a")).contains("stopped");
            assertThat(typist.vmEnded()).isTrue();
        }
    }

    @Test
    void cancelledMigrationLeavesTheVmWhereItIs() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");
            // So slow that it cannot have ended before it is cancelled, of more than what a pause may take.
            CompletableFuture<String> waiting = CompletableFuture.supplyAsync(() -> cluster.refused(
                    "vm", "migrate", "a", "--to", "host-2", "--bandwidth", "1KiB/s", "--downtime-limit", "100us"));
            await().atMost(60, TimeUnit.SECONDS)
                    .until(() -> vms(cluster).getVms(0).getMigration() != 0);

            assertThat(cluster.succeeds("vm", "cancel-migration", "a"))
                    .containsPattern("1 +a +host-1 +host-2 +cancelled");
            assertThat(waiting.get(60, TimeUnit.SECONDS))
                    .isEqualTo("simvisor: migration 1 of VM a to host-2 cancelled");
            assertThat(cluster.succeeds("vm", "show", "a")).containsPattern("host +host-1");
            assertThat(cluster.refused("vm", "cancel-migration", "a"))
                    .isEqualTo("simvisor: VM a is not being migrated");
        }
    }

    @Test
    void pausedVmStandsUntilItIsResumed() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");

            assertThat(cluster.succeeds("vm", "pause", "a")).contains("paused");
            assertThat(vms(cluster).getVms(0).getState()).isEqualTo(VmState.VM_PAUSED);
            assertThat(cluster.succeeds("vm", "resume", "a")).contains("running");
        }
    }

    @Test
    void paravirtualVmIsMigratedDrainedSavedAndRestored(@TempDir Path folder) throws Exception {
        String file = folder.resolve("a.snapshot").toString();
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            assertThat(cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M", "--mode", "para"))
                    .containsPattern("a +running +host-1 +16.0 MiB +para");
            Typist typist = Typist.at(cluster, "a");
            typist.typeAndAwait("uptime\n", "uptime");
            assertThat(cluster.succeeds("vm", "show", "a")).containsPattern("exits: hypercall +[0-9]+");

            MigrationReport report =
                    report(cluster.succeeds("vm", "migrate", "a", "--to", "host-2", "--output", "json"));
            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash()).isNotEmpty().isEqualTo(report.getTargetStateHash());
            typist.typeAndAwait("checksum\n", "checksum");
            assertThat(cluster.succeeds("host", "drain", "host-2")).contains("VM a to host-1: completed", "0 left");
            cluster.succeeds("host", "recover", "host-2");

            assertThat(cluster.succeeds("vm", "snapshot", "a", "--file", file)).contains(file);
            typist.typeAndAwait("checksum\n", "checksum");
            assertThat(cluster.succeeds("vm", "restore", file, "--name", "b", "--host", "host-2", "--paused"))
                    .containsPattern("b +paused +host-2");
            cluster.succeeds("vm", "migrate", "b", "--to", "host-1");
            assertThat(cluster.succeeds("vm", "resume", "b")).contains("running");
            Typist copy = Typist.at(cluster, "b");
            copy.typeForPrompt();
            copy.typeAndAwait("uptime\n", "uptime");

            assertThat(cluster.succeeds("vm", "pause", "a")).contains("paused");
            assertThat(cluster.refused("vm", "snapshot", "a", "--file", file))
                    .isEqualTo("simvisor: VM a is paused: a paravirtual guest has to run to suspend itself,"
                            + " so resume it first");
            assertThat(cluster.succeeds("vm", "resume", "a")).contains("running");
            assertThat(cluster.succeeds("vm", "stop", "a")).contains("stopped");
            assertThat(typist.vmEnded()).isTrue();
        }
    }

    @Test
    void exitsOfAVmAreShownByKind() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", OLD_AND_NEW)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M", "--mode", "hardware");

            await().atMost(60, TimeUnit.SECONDS)
                    .until(() -> vms(cluster).getVms(0).getExitsCount() > 0);
            assertThat(cluster.succeeds("vm", "show", "a")).containsPattern("exits: ept-violation +[0-9]+");
        }
    }

    @Test
    void snapshotBecomesASecondVm(@TempDir Path folder) throws Exception {
        String file = folder.resolve("a.snapshot").toString();
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");

            assertThat(cluster.succeeds("vm", "snapshot", "a", "--file", file)).contains(file);
            assertThat(cluster.succeeds("vm", "restore", file, "--name", "b", "--host", "host-2"))
                    .containsPattern("b +running +host-2");
        }
    }

    @Test
    void vmsAreClonedOnTheirHostAndToAnotherAndGoOnApart() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");
            Typist first = Typist.at(cluster, "a");
            first.typeAndAwait("uptime\n", "uptime");

            assertThat(cluster.succeeds("vm", "clone", "a", "--name", "b"))
                    .containsPattern("b +running +host-1 +16.0 MiB +bare");
            assertThat(cluster.succeeds("vm", "clone", "a", "--name", "c", "--host", "host-2", "--paused"))
                    .containsPattern("c +paused +host-2");
            assertThat(cluster.refused("vm", "clone", "a", "--name", "b"))
                    .isEqualTo("simvisor: VM b exists already, on host host-1");
            cluster.succeeds("vm", "resume", "c");
            for (String clone : List.of("b", "c")) {
                Typist typist = Typist.at(cluster, clone);
                typist.typeForPrompt();
                typist.typeAndAwait("echo from " + clone + "\n", "from " + clone);
                assertThat(typist.said()).doesNotContain("uptime");
            }
            first.typeAndAwait("checksum\n", "checksum");
            assertThat(first.said()).doesNotContain("from b");
        }
    }

    @Test
    void vmsAreClonedInEveryMode() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            for (String mode : List.of("translate", "hardware", "para")) {
                cluster.succeeds("vm", "create", mode, "--guest", "builtin", "--memory", "16M", "--mode", mode);
                Typist.at(cluster, mode).typeAndAwait("uptime\n", "uptime");
                for (String host : List.of("host-1", "host-2")) {
                    String clone = mode + "-on-" + host;
                    assertThat(cluster.succeeds("vm", "clone", mode, "--name", clone, "--host", host))
                            .containsPattern(clone + " +running +" + host + " +16.0 MiB +" + mode);
                    Typist typist = Typist.at(cluster, clone);
                    typist.typeForPrompt();
                    typist.typeAndAwait("uptime\n", "uptime");
                    cluster.succeeds("vm", "stop", clone);
                }
                cluster.succeeds("vm", "stop", mode);
            }
        }
    }

    @Test
    void runIsRepeatedFromItsJournal(@TempDir Path folder) throws Exception {
        String journal = folder.resolve("journal").toString();
        Path snapshot = folder.resolve("a.snapshot");
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS, "--journal", journal)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");
            cluster.refused("vm", "create", "a", "--guest", "builtin", "--memory", "16M");
            cluster.succeeds("vm", "migrate", "a");
            cluster.succeeds("vm", "snapshot", "a", "--file", snapshot.toString());
        }
        assertThat(Files.readAllLines(folder.resolve("journal")))
                .hasSize(6)
                .last()
                .asString()
                .contains("snapshot");
        Path first = Files.move(snapshot, folder.resolve("first.snapshot"));

        try (RunningUp cluster = RunningUp.start("--replay", journal)) {
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> Files.exists(snapshot) && Files.mismatch(snapshot, first) == -1);
            assertThat(cluster.succeeds("vm", "list")).contains("host-2");
        }
    }

    @Test
    void hostIsDrainedRecoveredAndKilled() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS)) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");

            assertThat(cluster.succeeds("host", "drain", "host-1"))
                    .contains("VM a to host-2: completed", "0 left")
                    .containsPattern("host-1 +drained");
            assertThat(cluster.succeeds("host", "recover", "host-1")).containsPattern("host-1 +up");
            assertThat(cluster.succeeds("host", "fail", "host-2")).containsPattern("host-2 +failed");
            assertThat(vms(cluster).getVms(0).getState()).isEqualTo(VmState.VM_LOST);
            assertThat(cluster.succeeds("host", "list"))
                    .containsPattern("host-1 +up")
                    .containsPattern("host-2 +failed");
            assertThat(cluster.succeeds("host", "recover", "host-2")).containsPattern("host-2 +up");
            assertThat(cluster.succeeds(
                            "vm", "create", "b", "--guest", "builtin", "--memory", "16M", "--host", "host-2"))
                    .containsPattern("b +running +host-2");
            assertThat(cluster.succeeds("cluster", "watch", "--from", "1", "--count", "2")
                            .lines())
                    .hasSize(2);
        }
    }

    @Test
    void fastPaceLeavesTheWallBehind() throws Exception {
        try (RunningUp cluster = RunningUp.start("--config", TWO_HOSTS, "--pace", "0")) {
            cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M");

            await().atMost(60, TimeUnit.SECONDS).until(() -> virtualNanos(cluster) > 60_000_000_000L);
        }
    }

    private static long virtualNanos(RunningUp cluster) throws IOException {
        ClusterStatus.Builder status = ClusterStatus.newBuilder();
        JsonFormat.parser().merge(cluster.succeeds("cluster", "status", "--output", "json"), status);
        return status.getVirtualNanos();
    }

    /** Somebody at a VM's console. */
    private record Typist(PipedOutputStream keys, ByteArrayOutputStream screen, CompletableFuture<Boolean> session) {
        static Typist at(RunningUp cluster, String vm) throws IOException {
            PipedOutputStream keys = new PipedOutputStream();
            PipedInputStream typed = new PipedInputStream(keys);
            ByteArrayOutputStream screen = new ByteArrayOutputStream();
            CompletableFuture<Boolean> session = new CompletableFuture<>();
            Thread.ofPlatform().daemon().name("console of " + vm).start(() -> {
                try (ApiClient api = ApiClient.to(cluster.address());
                        StreamLine line = StreamLine.of(typed, screen)) {
                    session.complete(ConsoleSession.run(api.consoles(), vm, true, line));
                } catch (Exception failed) {
                    session.completeExceptionally(failed);
                }
            });
            return new Typist(keys, screen, session);
        }

        /** Types once the prompt is there, and waits for a word in what is said from then on, and the next prompt. */
        void typeAndAwait(String text, String word) throws IOException {
            await().atMost(60, TimeUnit.SECONDS).until(() -> said().endsWith("> ") || said().endsWith("$ "));
            int before = said().length();
            keys.write(text.getBytes(StandardCharsets.US_ASCII));
            keys.flush();
            await().atMost(60, TimeUnit.SECONDS)
                    .until(() -> said().substring(before).lines().count() > 1
                            && said().substring(before).contains(word));
        }

        /** Has a guest that waits at its prompt show it again, to somebody who has come later. */
        void typeForPrompt() throws IOException {
            keys.write('\n');
            keys.flush();
        }

        String said() {
            return screen.toString(StandardCharsets.US_ASCII);
        }

        boolean vmEnded() throws Exception {
            return session.get(30, TimeUnit.SECONDS);
        }
    }
}
