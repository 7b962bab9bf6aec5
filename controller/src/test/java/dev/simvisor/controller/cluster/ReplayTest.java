package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a journal tells of, once more. */
class ReplayTest {
    /** With ~ for the end of a line. */
    private static final String SETTINGS = "{\"settings\":{\"placement\":\"worst-fit\"}}~";

    @TempDir
    private Path folder;

    private static EmbeddedCluster withoutNodes() throws IOException {
        return EmbeddedCluster.start(
                List.of(), FitPlacement.WORST_FIT, spec -> new ToyMachines(spec.getMemoryBytes()), 0);
    }

    private static Vm first(ClusterControl control) {
        List<Vm> vms = get(control.vms());
        return vms.isEmpty() ? Vm.getDefaultInstance() : vms.getFirst();
    }

    private static void runTo(ClusterControl control, long nanos) {
        CompletableFuture<Void> end = control.at(nanos).reached();
        get(control.start());
        get(end);
    }

    /** Two hosts, of which one comes after a VM that had no other choice, and a VM that is saved nowhere. */
    private Path recorded() throws Exception {
        Path journal = folder.resolve("journal");
        try (ToyCluster recorded = ToyCluster.of(0, 0, "n1")) {
            ClusterControl control = recorded.control();
            get(control.journalTo(journal));
            get(control.defineHost(ToyCluster.host("h2")));
            control.createVm(ToyCluster.vm("a", ""));
            get(control.defineHost(ToyCluster.host("h1")));
            control.at(50 * MILLI).pause("a");
            runTo(control, 60 * MILLI);
        }
        return journal;
    }

    @Test
    void waitsForNodesThatJoinLateAndKeepsTheOrder() throws Exception {
        Replay replay = Replay.read(recorded());
        try (EmbeddedCluster cluster = withoutNodes()) {
            ClusterControl control = cluster.control();
            CompletableFuture<Void> asked = replay.into(control, refusal -> {});
            await().until(() -> get(control.hosts()).size() == 1);
            assertThat(asked).isNotDone();
            assertThat(get(control.vms())).isEmpty();

            cluster.addNode("n1");
            get(asked);
            runTo(control, 60 * MILLI);

            assertThat(first(control).getHost()).isEqualTo("h2");
            assertThat(first(control).getState()).isEqualTo(VmState.VM_PAUSED);
        }
    }

    @Test
    void hostThatCameUpLaterHasNoPartInWhatWasBefore() throws Exception {
        Path journal = folder.resolve("journal");
        try (EmbeddedCluster cluster = withoutNodes()) {
            ClusterControl control = cluster.control();
            get(control.journalTo(journal));
            CompletableFuture<?> late = control.defineHost(
                    ToyCluster.host("h1").toBuilder().setNode("n1").build());
            CompletableFuture<?> early = control.defineHost(
                    ToyCluster.host("h2").toBuilder().setNode("n2").build());
            cluster.addNode("n2");
            get(early);
            control.createVm(ToyCluster.vm("a", ""));
            await().until(() -> first(control).getHost().equals("h2"));
            cluster.addNode("n1");
            get(late);
        }
        try (EmbeddedCluster cluster = withoutNodes()) {
            cluster.addNode("n1");
            cluster.addNode("n2");
            get(Replay.read(journal).into(cluster.control(), refusal -> {}));
            await().until(() -> first(cluster.control()).getHost().equals("h2"));
        }
    }

    @Test
    void journalOfAReplayIsTheJournal() throws Exception {
        Path journal = recorded();
        Path again = folder.resolve("again");
        Replay replay = Replay.read(journal);
        try (ToyCluster replayed = ToyCluster.of(0, 0, "n1")) {
            ClusterControl control = replayed.control();
            get(control.journalTo(again));
            get(replay.into(control, refusal -> {}));
            runTo(control, replay.endNanos() + 1);
        }
        assertThat(again).hasSameTextualContentAs(journal);
        assertThat(replay.commands()).hasSize(4);
        assertThat(replay.hosts()).extracting(host -> host.getName()).containsExactly("h2", "h1");
        assertThat(replay.endNanos()).isEqualTo(50 * MILLI);
    }

    @Test
    void refusedCommandsAreNoPartOfIt() throws Exception {
        Path journal = folder.resolve("journal");
        try (EmbeddedCluster cluster = withoutNodes()) {
            ClusterControl control = cluster.control();
            get(control.journalTo(journal));
            CompletableFuture<?> host = control.defineHost(ToyCluster.host("h1"));
            // Whether a host is up before virtual time begins depends on when its node joins.
            assertThat(control.createVm(ToyCluster.vm("a", "h1"))).failsWithin(Duration.ofSeconds(30));
            cluster.addNode("n1");
            get(host);
        }
        assertThat(Replay.read(journal).commands()).hasSize(1);
    }

    @Test
    void hostThatDiedWithItsNodeDiesAtTheSameTime() throws Exception {
        Path journal = folder.resolve("journal");
        long lostNanos;
        try (EmbeddedCluster cluster = withoutNodes()) {
            ClusterControl control = cluster.control();
            cluster.addNode("n1");
            get(control.journalTo(journal));
            get(control.defineHost(ToyCluster.host("h1")));
            CompletableFuture<Vm> created = control.createVm(ToyCluster.vm("a", "h1"));
            get(control.start());
            get(created);
            cluster.killNode("n1");
            await().until(() -> first(control).getState() == VmState.VM_LOST);
            lostNanos = Replay.read(journal).endNanos();
        }
        try (ToyCluster replayed = ToyCluster.of(0, 0, "n1")) {
            ClusterControl control = replayed.control();
            get(Replay.read(journal).into(control, refusal -> {}));
            CompletableFuture<List<Vm>> before = control.at(lostNanos - 1).vms();
            CompletableFuture<List<Vm>> after = control.at(lostNanos + 1).vms();
            get(control.start());

            assertThat(get(before).getFirst().getState()).isEqualTo(VmState.VM_RUNNING);
            assertThat(get(after).getFirst().getState()).isEqualTo(VmState.VM_LOST);
        }
    }

    @Test
    void whatWasGrantedAndIsRefusedNowIsTold() throws Exception {
        Path journal = recorded();
        List<String> refusals = Collections.synchronizedList(new ArrayList<>());
        try (ToyCluster replayed = ToyCluster.of(0, 0, "n1")) {
            ClusterControl control = replayed.control();
            List<JournalEntry> commands = new ArrayList<>(Replay.read(journal).commands());
            commands.removeIf(JournalEntry::hasCreateVm);
            get(new Replay(FitPlacement.WORST_FIT, commands).into(control, refusals::add));
            runTo(control, 60 * MILLI);
        }
        assertThat(refusals).singleElement().asString().startsWith("at 0.050 s: no VM 'a'");
    }

    @Test
    void journalIsAFileOfItsOwn() throws Exception {
        Path file = Files.writeString(folder.resolve("mine"), "precious");
        try (ToyCluster toys = ToyCluster.of(1, 0, "n1")) {
            ClusterControl control = toys.control();
            assertThat(control.journalTo(file)).failsWithin(Duration.ofMinutes(1));
            assertThat(file).hasContent("precious");
            // The cluster outlives a journal that takes no more.
            assertThat(control.journalTo(folder.resolve("none/journal"))).failsWithin(Duration.ofMinutes(1));
            get(control.start());
            get(control.createVm(ToyCluster.vm("a", "h1")));
        }
        assertThatThrownBy(() -> Replay.read(folder)).hasMessage(folder + ": a folder: expected a journal");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''| :1: there is no placement \"\"",
                "{\"pause\":{\"vm\":\"a\"}}| :1: expected the settings of the run, in the first line and in no other",
                "{\"settings\":{\"placement\":\"nearest\"}}| :1: there is no placement \"nearest\"",
                "hello| :1: not a line of a journal: expected one command, as JSON",
                "[1,2| :1: not a line of a journal: expected one command, as JSON",
                SETTINGS + "~{}| :2: not a line of a journal: expected one command, as JSON",
                SETTINGS + "{}| :2: not a line of a journal: expected a command",
                SETTINGS + "{\"dance\":{}}| :2: not a line of a journal: expected one command, as JSON",
                SETTINGS + "{\"pause\":{\"vm\":\"a| :2: not a line of a journal: expected one command, as JSON",
                SETTINGS + SETTINGS + "| :2: expected the settings of the run, in the first line and in no other",
                SETTINGS + "{\"virtualNanos\":\"-1\",\"pause\":{\"vm\":\"a\"}}| :2: at -1 ns: expected at least 0",
                SETTINGS
                        + "{\"virtualNanos\":\"5\",\"pause\":{\"vm\":\"a\"}}~{\"pause\":{\"vm\":\"a\"}}| :3: at 0 ns: expected at least 5",
            })
    void whatIsNoJournalIsRefusedWithItsLine(String text, String reason) throws Exception {
        Path journal = folder.resolve("journal");
        Files.writeString(journal, text.replace("~", "\n"));
        assertThatThrownBy(() -> Replay.read(journal))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(journal + reason)
                .hasMessageNotContaining("\n");
    }
}
