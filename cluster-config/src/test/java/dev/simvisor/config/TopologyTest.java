package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
    private static final String GOOD = """
            seed = 7
            host-types {
              tiny {
                description = "Tiny"
                pcpus = 1
                memory = 64M
                clock = 10MHz
                modes = [bare, hardware]
                nic { bandwidth = 125MiB/s, latency = 50us }
                cost-model = present-day
              }
            }
            racks = [
              { name = left
                hosts = [
                  { name = web, type = tiny, node = node-1 }
                  { name = batch, count = 3, type = lab, link { bandwidth = 1Gbit/s, latency = 10us } }
                ] }
              { name = right, uplink { bandwidth = 10Gbit/s, latency = 2us }, hosts = [{ name = db, type = tiny }] }
            ]
            """;

    @TempDir
    Path folder;

    @Test
    void shippedTopologiesAreRead() {
        assertThat(Topology.shipped("demo").hosts())
                .extracting(Topology.Host::name)
                .containsExactly("host-1", "host-2", "host-3", "host-4");
        assertThat(Topology.shipped("two-hosts").hosts())
                .extracting(Topology.Host::name)
                .containsExactly("host-1", "host-2");
    }

    @Test
    void hostsStandInTheOrderWrittenWithCountsExpanded() {
        Topology topology = load(GOOD);
        assertThat(topology.seed()).isEqualTo(7);
        assertThat(topology.hosts())
                .extracting(Topology.Host::name)
                .containsExactly("web", "batch-1", "batch-2", "batch-3", "db");
        assertThat(topology.racks().get(1).uplink())
                .contains(new Link(Bandwidth.parse("10Gbit/s"), VirtualDuration.parse("2us")));
    }

    @Test
    void linkIsTheTypesNicUnlessTheHostHasItsOwn() {
        Topology topology = load(GOOD);
        assertThat(topology.hosts().get(0).link().bandwidth()).isEqualTo(Bandwidth.parse("125MiB/s"));
        assertThat(topology.hosts().get(0).node()).contains("node-1");
        assertThat(topology.hosts().get(1).link().latency()).isEqualTo(VirtualDuration.parse("10us"));
    }

    @Test
    void lookaheadIsTheSmallestLatencyOfAHostsLink() {
        assertThat(load(GOOD).lookahead()).isEqualTo(VirtualDuration.parse("10us"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "seed = 7 | seed = -1 | :1: seed: is \"-1\"; expected a whole number from 0 to 9223372036854775807",
                "seed = 7 | sed = 7 | :1: seed: is missing; expected a whole number from 0 to 9223372036854775807",
                "type = lab | type = big | :17: racks[0].hosts[1].type: is \"big\"; expected one of lab, lab-classic,"
                        + " lab-ml110-g4, lab-ml110-g5, pentium-4, server, tiny",
                "count = 3 | count = 0 | :17: racks[0].hosts[1].count: is \"0\"; expected a whole number from 1 to 100000",
                "name = db | name = web | :19: racks[1].hosts[0].name: makes a second host web; expected a name of its own",
                "name = db | name = \"d b\" | :19: racks[1].hosts[0].name: is \"d b\"; expected a name of letters, digits, '-', '_' and '.'",
                "memory = 64M | memory = 63K | :6: host-types.tiny.memory: is \"63K\"; expected a size such as 4K, 256M or 1.5G, a multiple of 4K",
                "memory = 64M | memory = 1000T | :6: host-types.tiny.memory: is \"1000T\"; expected at most 8191G",
                "[bare, hardware] | [bare, fast] | :8: host-types.tiny.modes[1]: is \"fast\"; expected one of bare, trap, translate, para, hardware",
                "[bare, hardware] | [] | :8: host-types.tiny.modes: is empty; expected at least bare",
                "[bare, hardware] | bare | :8: host-types.tiny.modes: is a text; expected a list, each one of bare, trap, translate, para, hardware",
                "latency = 50us | latency = 1ns | :9: host-types.tiny.nic.latency: is \"1ns\"; expected a duration such as 30s, 300ms or 50us, at least 1us",
                "125MiB/s | 125MB | :9: host-types.tiny.nic.bandwidth: is \"125MB\"; expected a bandwidth such as 1Gbit/s or 125MiB/s",
                "10MHz | 10 | :7: host-types.tiny.clock: is \"10\"; expected a frequency such as 100MHz or 3GHz",
                "present-day | free | :10: host-types.tiny.cost-model: is \"free\"; expected one of adams-agesen-2006, barham-2003, present-day",
                "pcpus = 1 | pcpus = [1] | :5: host-types.tiny.pcpus: is a list; expected a whole number from 1 to 1024",
                "name = right | naem = right | :19: racks[1].name: is missing; expected a name of letters, digits, '-', '_' and '.'",
                "pcpus = 1 | pcpus = 1, cores = 2 | :5: host-types.tiny.cores: is not a field here; expected clock, cost-model, cpu-model, description, memory, modes, nic, page-sharing, pcpus, power",
                "pcpus = 1 | pcpus = 1, page-sharing = 10us | :5: host-types.tiny.page-sharing: is \"10us\"; expected a duration such as 30s, 300ms or 50us, at least 1ms",
            })
    void badFieldIsOneLineWithItsPlace(String from, String to, String message) {
        String text = GOOD.replace(from, to);
        assertThat(text).isNotEqualTo(GOOD);
        assertThatThrownBy(() -> load(text))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage(file() + message);
    }

    @Test
    void powerIsALineOrATable() {
        String table = "by-utilization = [60W, 61W, 62W, 63W, 64W, 65W, 66W, 67W, 68W, 69W, 70.5W], source = measured";
        assertThat(load(withPower("idle = 60W, peak = 0.2kW, source = guessed"))
                        .hosts()
                        .getFirst()
                        .type()
                        .power())
                .contains(new PowerModel(List.of(new Power(60_000), new Power(200_000)), "guessed"));
        assertThat(load(withPower(table)).hosts().getFirst().type().power())
                .hasValueSatisfying(
                        power -> assertThat(power.byUtilization().getLast()).isEqualTo(new Power(70_500)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "idle = 60W, peak = 200W | .source: is missing; expected where the figures come from",
                "source = s, idle = 60, peak = 200W | .idle: is \"60\"; expected a power such as 93.7W or 1.2kW, or by-utilization with"
                        + " 11 figures, at 0, 10, ..., 100 % of the processors' time, each a power such as 93.7W or 1.2kW",
                "source = s, idle = 60W | .peak: is missing; expected a power such as 93.7W or 1.2kW",
                "source = s, idle = 60W, peak = 59W | .peak: is below idle; expected at least as much",
                "source = s, by-utilization = [1W, 2W] | .by-utilization: has 2 figures; expected 11 figures, at 0, 10, ..., 100 % of the"
                        + " processors' time, each a power such as 93.7W or 1.2kW",
                "source = s, by-utilization = [1W, 2V] | .by-utilization[1]: is \"2V\"; expected a power such as 93.7W or 1.2kW",
                "source = s, by-utilization = [9999999kW] | .by-utilization[0]: is \"9999999kW\"; expected a power such as 93.7W or 1.2kW",
                "source = s, idle = 1W, peak = 2W, max = 3W | .max: is not a field here; expected by-utilization, idle, peak, source",
            })
    void badPowerIsOneLineWithItsPlace(String power, String message) {
        assertThatThrownBy(() -> load(withPower(power))).hasMessage(file() + ":5: host-types.tiny.power" + message);
    }

    private static String withPower(String power) {
        return GOOD.replace("pcpus = 1", "pcpus = 1, power { " + power + " }");
    }

    @Test
    void topologyWithoutHostsIsRefused() {
        assertThatThrownBy(() -> load("seed = 1\nracks = []\n"))
                .hasMessage(file() + ":2: racks: has no host; expected at least one");
    }

    @Test
    void environmentIsNotRead() {
        assertThatThrownBy(() -> load("seed = ${HOME}\nracks = []\n"))
                .isInstanceOf(InvalidConfigException.class)
                .message()
                .startsWith(file() + ":1: ")
                .hasLineCount(1);
    }

    private Path file() {
        return folder.resolve("topology.conf");
    }

    private Topology load(String text) {
        return Topology.load(ConfigText.write(file(), text));
    }
}
