package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentTest {
    private static final String GOOD = """
            topology = "two.conf"
            seed = 9
            vm-types { small { guest = builtin, memory = 8M } }
            vms = [
              { name = web, type = small, weight = 512, cap = 50, on-reboot = stop, network = true }
              { name = idle, type = builtin, command-line = "run=halt" }
            ]
            actions = [
              { at = 0s, do = create, vm = web, host = host-1 }
              { at = 1s, do = type, vm = web, text = "ticker 5 100\\n" }
              { at = 2s, do = migrate, vm = web, to = host-2, bandwidth = 32MiB/s, downtime-limit = 50ms, max-rounds = 3, auto-converge = true, delta-cache = 64MiB, compression = zstd, channels = 4 }
              { at = 3s, do = migrate, vm = web, algorithm = stop-and-copy }
              { at = 4s, do = fail, host = host-2 }
              { at = 5s, do = end }
            ]
            """;

    @TempDir
    Path folder;

    @BeforeEach
    void writeTopology() {
        ConfigText.write(
                folder.resolve("two.conf"),
                "seed = 1\nracks = [{ name = rack, hosts = [{ name = host, count = 2, type = lab }] }]\n");
    }

    @Test
    void shippedExperimentIsRead() {
        Experiment experiment = Experiment.load(Path.of("experiments/migrate-under-load.conf"));
        assertThat(experiment.topology().hosts()).hasSize(2);
        assertThat(experiment.actions())
                .filteredOn(Action.Migrate.class::isInstance)
                .hasSize(2);
        assertThat(experiment.actions())
                .filteredOn(Action.Type.class::isInstance)
                .extracting(action -> ((Action.Type) action).text())
                .anyMatch(text -> text.startsWith("ticker "))
                .anyMatch(text -> text.startsWith("dirty "))
                .allMatch(text -> text.endsWith("\n"));
    }

    @Test
    void shippedStudyHasArrivalsAndMeasuresHostsWithPowerModels() {
        Experiment study = Experiment.load(Path.of("experiments/placement-study.conf"));
        assertThat(study.arrivals()).extracting(ArrivalProcess::name).containsExactly("job", "service");
        assertThat(study.metrics()).isPresent();
        assertThat(study.topology().hosts())
                .allSatisfy(host -> assertThat(host.type().power()).isPresent());
    }

    @Test
    void shippedExperimentComparesPostCopyWithWhatItIsMadeOf() {
        List<MigrationSettings> settings = Experiment.load(Path.of("experiments/post-copy.conf")).actions().stream()
                .filter(Action.Migrate.class::isInstance)
                .map(action -> ((Action.Migrate) action).settings())
                .toList();

        assertThat(settings)
                .extracting(MigrationSettings::algorithm)
                .containsExactly(
                        MigrationSettings.Algorithm.PRE_COPY,
                        MigrationSettings.Algorithm.POST_COPY,
                        MigrationSettings.Algorithm.HYBRID);
        assertThat(settings.getLast().maxRounds()).isEqualTo(1);
    }

    @Test
    void shippedExperimentComparesThreeWaysToMigrateAWriteHeavyGuest() {
        assertThat(Experiment.load(Path.of("experiments/write-heavy.conf")).actions())
                .filteredOn(Action.Migrate.class::isInstance)
                .extracting(action -> ((Action.Migrate) action).settings())
                .extracting(MigrationSettings::autoConverge, MigrationSettings::deltaCache)
                .containsExactly(
                        tuple(false, Optional.empty()),
                        tuple(true, Optional.empty()),
                        tuple(false, Optional.of(MemorySize.parse("16M"))));
    }

    @Test
    void shippedExperimentCompressesOnASlowAndOnAFastLink() {
        Experiment experiment = Experiment.load(Path.of("experiments/compression.conf"));

        assertThat(experiment.topology().hosts())
                .extracting(host -> host.link().bandwidth())
                .contains(Bandwidth.parse("1Gbit/s"), Bandwidth.parse("25Gbit/s"));
        for (String vm : List.of("gigabit", "twin")) {
            assertThat(experiment.actions())
                    .filteredOn(action -> action instanceof Action.Migrate migrate
                            && migrate.vm().equals(vm))
                    .extracting(action -> ((Action.Migrate) action).settings())
                    .extracting(MigrationSettings::compression, MigrationSettings::channels)
                    .containsExactly(
                            tuple(MigrationSettings.Compression.NONE, 1),
                            tuple(MigrationSettings.Compression.ZSTD, 1),
                            tuple(MigrationSettings.Compression.ZSTD, 4));
        }
    }

    @Test
    void seedOfTheExperimentGoesBeforeThatOfTheTopology() {
        assertThat(load(GOOD).topology().seed()).isEqualTo(9);
        assertThat(load(GOOD.replace("seed = 9\n", "")).topology().seed()).isEqualTo(1);
    }

    @Test
    void vmIsItsTypeWithItsOwnWishes() {
        assertThat(load(GOOD).vms().get(0))
                .returns("web", VmDefinition::name)
                .returns(512, vm -> vm.type().weight())
                .returns(Optional.of(50), vm -> vm.type().capPercent())
                .returns(OnReboot.STOP, vm -> vm.type().onReboot())
                .returns(true, vm -> vm.type().network())
                .returns(MemorySize.parse("8M"), vm -> vm.type().memory());
        assertThat(load(GOOD).vms().get(1).type().commandLine()).isEqualTo("run=halt");
    }

    @Test
    void actionsAreReadInOrderWithDefaultsForMigrations() {
        Experiment experiment = load(GOOD);
        VmDefinition web = experiment.vms().getFirst();
        assertThat(experiment.actions())
                .containsExactly(
                        new Action.Create(at("0s"), web, Optional.of("host-1")),
                        new Action.Type(at("1s"), "web", "ticker 5 100\n"),
                        new Action.Migrate(
                                at("2s"),
                                "web",
                                Optional.of("host-2"),
                                new MigrationSettings(
                                        MigrationSettings.Algorithm.PRE_COPY,
                                        Optional.of(Bandwidth.parse("32MiB/s")),
                                        at("50ms"),
                                        3,
                                        true,
                                        Optional.of(MemorySize.parse("64MiB")),
                                        MigrationSettings.Compression.ZSTD,
                                        4)),
                        new Action.Migrate(
                                at("3s"),
                                "web",
                                Optional.empty(),
                                new MigrationSettings(
                                        MigrationSettings.Algorithm.STOP_AND_COPY,
                                        Optional.empty(),
                                        at("300ms"),
                                        30,
                                        false,
                                        Optional.empty(),
                                        MigrationSettings.Compression.NONE,
                                        1)),
                        new Action.FailHost(at("4s"), "host-2"),
                        new Action.End(at("5s")));
    }

    @Test
    void vmsArePausedResumedAndStoppedAndHostsDrainedAndRecovered() {
        Experiment experiment = load(GOOD.replace("{ at = 4s, do = fail, host = host-2 }", """
                { at = 4s, do = pause, vm = web }
                { at = 4s, do = resume, vm = web }
                { at = 4s, do = drain, host = host-2, algorithm = stop-and-copy }
                { at = 4s, do = recover, host = host-2 }
                { at = 4s, do = stop, vm = web }
                """));

        assertThat(experiment.actions().subList(4, 9))
                .containsExactly(
                        new Action.Pause(at("4s"), "web"),
                        new Action.Resume(at("4s"), "web"),
                        new Action.DrainHost(
                                at("4s"),
                                "host-2",
                                new MigrationSettings(
                                        MigrationSettings.Algorithm.STOP_AND_COPY,
                                        Optional.empty(),
                                        at("300ms"),
                                        30,
                                        false,
                                        Optional.empty(),
                                        MigrationSettings.Compression.NONE,
                                        1)),
                        new Action.RecoverHost(at("4s"), "host-2"),
                        new Action.Stop(at("4s"), "web"));
    }

    @Test
    void clonesAreVmsThatLaterActionsName() {
        Experiment experiment = load(GOOD.replace("{ at = 4s, do = fail, host = host-2 }", """
                { at = 4s, do = clone, vm = web, as = twin }
                { at = 4s, do = clone, vm = twin, as = cousin, host = host-2 }
                { at = 4s, do = pause, vm = cousin }
                """));

        assertThat(experiment.actions().subList(4, 7))
                .containsExactly(
                        new Action.Clone(at("4s"), "web", "twin", Optional.empty()),
                        new Action.Clone(at("4s"), "twin", "cousin", Optional.of("host-2")),
                        new Action.Pause(at("4s"), "cousin"));
        assertThat(experiment.vms()).extracting(VmDefinition::name).containsExactly("web", "idle", "twin", "cousin");
        assertThat(experiment.vms().getLast().type())
                .isEqualTo(experiment.vms().getFirst().type());
    }

    @Test
    void metricsAreMeasuredWhereAskedFor() {
        assertThat(load(GOOD).metrics()).isEmpty();
        assertThat(load(GOOD + "metrics { every = 250ms }\n").metrics()).contains(new Metrics(at("250ms")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "every = 900us | .every: is \"900us\"; expected a duration such as 30s, 300ms or 50us, at least 1ms",
                "every = often | .every: is \"often\"; expected a duration such as 30s, 300ms or 50us, at least 1ms",
                "each = 1s | .every: is missing; expected a duration such as 30s, 300ms or 50us, at least 1ms",
                "every = 1s, each = 1s | .each: is not a field here; expected every",
            })
    void badMetricsAreOneLineWithTheirPlace(String fields, String message) {
        assertThatThrownBy(() -> load(GOOD + "metrics { " + fields + " }\n"))
                .hasMessage(file() + ":16: metrics" + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "host = host-1 | host = host-9 | :9: actions[0].host: is \"host-9\"; expected a host of the topology",
                "vm = web, host = host-1 | vm = idle | :10: actions[1].vm: is \"web\", which no action above creates",
                "vm = web, text | vm = wbe, text | :10: actions[1].vm: is \"wbe\"; expected one of idle, web",
                "do = fail | do = kill | :13: actions[4].do: is \"kill\"; expected one of create, clone, migrate, type, pause, resume, stop, drain, fail, recover, end",
                "do = fail, host = host-2 | do = clone, vm = web, as = idle | :13: actions[4].as: makes a second VM idle; expected a name of its own",
                "do = fail, host = host-2 | do = clone, vm = idle, as = twin | :13: actions[4].vm: is \"idle\", which no action above creates",
                "do = fail, host = host-2 | do = clone, vm = web | :13: actions[4].as: is missing; expected a name of letters, digits, '-', '_' and '.'",
                "do = fail, host = host-2 | do = pause, vm = twin | :13: actions[4].vm: is \"twin\"; expected one of idle, web",
                "do = fail, host = host-2 | do = recover, host = host-9 | :13: actions[4].host: is \"host-9\"; expected a host of the topology",
                "fail, host = host-2 | recover | :13: actions[4].host: is missing; expected a host",
                "fail, host = host-2 | fail | :13: actions[4].host: is missing; expected a host",
                "at = 4s | at = 1s | :13: actions[4].at: is before the action above; expected rising times",
                "at = 5s, do = end | at = 5s, do = fail, host = host-1 | :8: actions: does not end; expected { at = ..., do = end } as the last action",
                "do = type, vm = web, text | do = create, vm = web, text | :10: actions[1].vm: is \"web\", which was created above; expected another VM",
                "stop-and-copy | re-copy | :12: actions[3].algorithm: is \"re-copy\"; expected one of stop-and-copy, pre-copy, post-copy, hybrid",
                "max-rounds = 3, | max-round = 3, | :11: actions[2].max-round: is not a field here; expected algorithm, at, auto-converge, bandwidth, channels, compression, delta-cache, do, downtime-limit, max-rounds, to, vm",
                "auto-converge = true | auto-converge = yes | :11: actions[2].auto-converge: is \"yes\"; expected true or false",
                "delta-cache = 64MiB | delta-cache = 5K | :11: actions[2].delta-cache: is \"5K\"; expected a size such as 4K, 256M or 1.5G, a multiple of 4K",
                "compression = zstd | compression = lz4 | :11: actions[2].compression: is \"lz4\"; expected one of none, zstd",
                "channels = 4 | channels = 0 | :11: actions[2].channels: is \"0\"; expected a whole number from 1 to 16",
                "channels = 4 | channels = 17 | :11: actions[2].channels: is \"17\"; expected a whole number from 1 to 16",
                "channels = 4 | algorithm = post-copy | :11: actions[2].algorithm: is post-copy, which sends pages as they are; expected no compression and one channel",
                "stop-and-copy | post-copy, channels = 2 | :12: actions[3].algorithm: is post-copy, which sends pages as they are; expected no compression and one channel",
                "type = builtin | type = plan9 | :6: vms[1].type: is \"plan9\"; expected one of builtin, debian-12-amd64, debian-12-i386, debian-13-amd64, small",
                "weight = 512 | vcpus = 33 | :5: vms[0].vcpus: is \"33\"; expected a whole number from 1 to 32",
                "weight = 512 | memory = 4K | :5: vms[0].memory: is \"4K\"; expected at least 1M",
                "cap = 50 | cap = 101 | :5: vms[0].cap: is \"101\"; expected a whole number from 1 to 100",
                "name = idle | name = web | :6: vms[1].name: makes a second VM web; expected a name of its own",
                "guest = builtin | guest = plan9 | :3: vm-types.small.guest: is \"plan9\"; expected one of builtin, debian-12-amd64, debian-12-i386, debian-13-amd64, grub-xen",
                "at = 5s, do = end | at = 3s, do = end | :14: actions[5].at: is before the action above; expected rising times",
            })
    void badFieldIsOneLineWithItsPlace(String from, String to, String message) {
        String text = GOOD.replace(from, to);
        assertThat(text).isNotEqualTo(GOOD);
        assertThatThrownBy(() -> load(text))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage(file() + message);
    }

    @Test
    void actionAfterTheEndIsRefused() {
        assertThatThrownBy(() -> load(GOOD.replace("at = 4s, do = fail, host = host-2", "at = 4s, do = end")))
                .hasMessage(file() + ":14: actions[5].at: comes after the end; expected end to be the last action");
    }

    @Test
    void missingTopologyIsNamed() {
        assertThatThrownBy(() -> load(GOOD.replace("two.conf", "three.conf")))
                .hasMessage(
                        file()
                                + ":1: topology: is \"three.conf\"; expected the path of a topology's file, from this one's folder");
    }

    @Test
    void whatIsIncludedIsFoundBesideAFileNamedWithoutItsFolder() throws IOException {
        Path here = Path.of("experiment-test.conf");
        Path included = Path.of("experiment-test-included.conf");
        try {
            ConfigText.write(
                    included,
                    GOOD.replace("two.conf", folder.resolve("two.conf").toString()));
            ConfigText.write(here, "include \"experiment-test-included.conf\"\n");
            assertThat(Experiment.load(here).topology().seed()).isEqualTo(9);
            ConfigText.write(here, "include \"experiment-test-included.conf\"\nseed = none\n");
            assertThatThrownBy(() -> Experiment.load(here)).hasMessageStartingWith("experiment-test.conf:2: seed: ");
        } finally {
            Files.deleteIfExists(here);
            Files.deleteIfExists(included);
        }
    }

    @Test
    void fileThatIncludesItselfIsOneShortLine() {
        assertThatThrownBy(() -> load("include \"experiment.conf\"\n"))
                .hasMessage(file() + ": include statements nested more than 50 times, you probably have a cycle in your"
                        + " includes; expected HOCON");
    }

    @Test
    void folderIsNoFile() {
        assertThatThrownBy(() -> Experiment.load(folder)).hasMessage(folder + ": not a file; expected a HOCON file");
    }

    private static VirtualDuration at(String text) {
        return VirtualDuration.parse(text);
    }

    private Path file() {
        return folder.resolve("experiment.conf");
    }

    private Experiment load(String text) {
        return Experiment.load(ConfigText.write(file(), text));
    }
}
