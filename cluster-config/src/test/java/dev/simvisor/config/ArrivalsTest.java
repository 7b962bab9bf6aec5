package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.ArrivalProcess.Source.Drawn;
import dev.simvisor.config.ArrivalProcess.Source.Trace;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arrival processes of a scenario, and their traces. */
class ArrivalsTest {
    private static final String GOOD = """
            topology = "one.conf"
            vms = [{ name = other, type = builtin }]
            arrivals = [
              { name = job, type = builtin, interarrival { exponential = 500ms }, count = 20 }
              { name = web, type = builtin, from = 1s, until = 4s, patience = 2s, text = "ticker 5 100\\n"
                interarrival { uniform = [200ms, 800ms] }
                lifetime { fixed = 1s } }
              { name = log, trace = "log.csv" }
            ]
            actions = [{ at = 0s, do = create, vm = other }, { at = 5s, do = end }]
            """;

    private static final String TRACE = """
            time,type,lifetime
            0s,builtin,300ms
            1s, builtin,

            1s,debian-12-amd64,2s
            """;

    @TempDir
    private Path folder;

    @BeforeEach
    void writeFilesAround() {
        ConfigText.write(
                folder.resolve("one.conf"),
                "seed = 1\nracks = [{ name = rack, hosts = [{ name = host, type = lab }] }]\n");
        ConfigText.write(folder.resolve("log.csv"), TRACE);
    }

    @Test
    void processesAreReadWithWhatTheyLeaveOut() {
        List<ArrivalProcess> arrivals = load(GOOD).arrivals();
        VmType builtin = VmType.load().get("builtin");

        assertThat(arrivals.get(0))
                .isEqualTo(new ArrivalProcess(
                        "job",
                        new Drawn(
                                builtin,
                                new Distribution.Exponential(at("500ms")),
                                Optional.empty(),
                                at("0s"),
                                at("5s"),
                                Optional.of(20)),
                        Optional.empty(),
                        at("0s")));
        assertThat(arrivals.get(1))
                .isEqualTo(new ArrivalProcess(
                        "web",
                        new Drawn(
                                builtin,
                                new Distribution.Uniform(at("200ms"), at("800ms")),
                                Optional.of(new Distribution.Fixed(at("1s"))),
                                at("1s"),
                                at("4s"),
                                Optional.empty()),
                        Optional.of("ticker 5 100\n"),
                        at("2s")));
    }

    @Test
    void traceIsReadLineByLine() {
        assertThat(load(GOOD).arrivals().get(2).source())
                .isInstanceOfSatisfying(
                        Trace.class,
                        trace -> assertThat(trace.entries())
                                .extracting(
                                        entry -> entry.at() + " " + entry.type().name() + " " + entry.lifetime())
                                .containsExactly(
                                        "0s builtin Optional[300ms]",
                                        "1s builtin Optional.empty",
                                        "1s debian-12-amd64 Optional[2s]"));
    }

    @Test
    void traceMayBeginWithAByteOrderMark() {
        ConfigText.write(folder.resolve("log.csv"), "\uFEFF" + TRACE);

        assertThat(load(GOOD).arrivals().get(2).source())
                .isInstanceOfSatisfying(
                        Trace.class, trace -> assertThat(trace.entries()).hasSize(3));
    }

    @Test
    void aScenarioNeedsNoVmsButThoseThatCome() {
        String text = GOOD.replace("vms = [{ name = other, type = builtin }]\n", "")
                .replace("{ at = 0s, do = create, vm = other }, ", "");

        assertThat(load(text).vms()).isEmpty();
        assertThat(load(text).arrivals()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name = job | name = web | :5: arrivals[1].name: makes a second process web; expected a name of its own",
                "name = job | name = \"a b\" | :4: arrivals[0].name: is \"a b\"; expected a name of letters, digits, '-', '_' and '.'",
                "name = job, type = builtin | name = job, type = plan9 | :4: arrivals[0].type: is \"plan9\"; expected one of builtin,"
                        + " debian-12-amd64, debian-12-i386, debian-13-amd64",
                "name = other | name = web-7 | :5: arrivals[1].name: makes VMs web-1 and so on, and web-7 is one above; expected another name",
                "exponential = 500ms | exponential = 0s | :4: arrivals[0].interarrival.exponential: is \"0s\"; expected the mean, or fixed"
                        + " or uniform in its place: a duration such as 30s, 300ms or 50us, above zero, at most 3600000s",
                "exponential = 500ms | normal = 1s | :4: arrivals[0].interarrival.exponential: is missing; expected the mean, or fixed"
                        + " or uniform in its place: a duration such as 30s, 300ms or 50us, above zero, at most 3600000s",
                "exponential = 500ms | exponential = 500ms, mean = 1s | :4: arrivals[0].interarrival.mean: is not a field here; expected"
                        + " exponential, fixed, uniform",
                "[200ms, 800ms] | [200ms] | :6: arrivals[1].interarrival.uniform: is not a range; expected two durations, the least and the most",
                "[200ms, 800ms] | [800ms, 200ms] | :6: arrivals[1].interarrival.uniform: is not a range; expected two durations, the least and the most",
                "fixed = 1s | fixed = long | :7: arrivals[1].lifetime.fixed: is \"long\"; expected a duration such as 30s, 300ms or 50us,"
                        + " above zero, at most 3600000s",
                "until = 4s | until = 6s | :5: arrivals[1].until: is after the end of the scenario, 5s; expected a time before it",
                "count = 20 | count = 0 | :4: arrivals[0].count: is \"0\"; expected a whole number from 1 to 100000",
                "log.csv | lag.csv | :8: arrivals[2].trace: is \"lag.csv\"; expected the path of a file of arrivals, from this one's folder",
                "trace = \"log.csv\" | trace = \"log.csv\", type = builtin | :8: arrivals[2].type: is not a field here; expected name,"
                        + " patience, text, trace",
                "patience = 2s | patience = 9999999h | :5: arrivals[1].patience: is \"9999999h\"; expected a duration such as 30s, 300ms or 50us,"
                        + " above zero, at most 3600000s",
                "from = 1s | from = 4s | :5: arrivals[1].from: is not before 4s, when the process ends; expected an earlier time",
            })
    void badFieldIsOneLineWithItsPlace(String from, String to, String message) {
        String text = GOOD.replace(from, to);
        assertThat(text).isNotEqualTo(GOOD);
        assertThatThrownBy(() -> load(text.replace("vm = other", to.contains("web-7") ? "vm = web-7" : "vm = other")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage(folder.resolve("study.conf") + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "time,type,lifetime | time,kind | :1: expected a first line of time,type,lifetime",
                "0s,builtin,300ms | 0s,builtin | :2: has 2 fields; expected time,type,lifetime",
                "0s,builtin | 2s,builtin | :3: time: is before the one above; expected rising times",
                "0s,builtin | now,builtin | :2: time: is \"now\"; expected a duration such as 30s, 300ms or 50us",
                "300ms | 300 | :2: lifetime: is \"300\"; expected a duration such as 30s, 300ms or 50us, above zero, at most 3600000s",
                "300ms | 0s | :2: lifetime: is \"0s\"; expected a duration such as 30s, 300ms or 50us, above zero, at most 3600000s",
                "debian-12-amd64 | plan9 | :5: type: is \"plan9\"; expected one of builtin, debian-12-amd64, debian-12-i386, debian-13-amd64",
            })
    void badLineOfATraceIsOneLineWithItsPlace(String from, String to, String message) {
        ConfigText.write(folder.resolve("log.csv"), TRACE.replace(from, to));
        assertThatThrownBy(() -> load(GOOD))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage(folder.resolve("log.csv") + message);
    }

    private static VirtualDuration at(String text) {
        return VirtualDuration.parse(text);
    }

    private Experiment load(String text) {
        return Experiment.load(ConfigText.write(folder.resolve("study.conf"), text));
    }
}
