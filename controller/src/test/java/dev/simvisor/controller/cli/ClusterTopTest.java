package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import dev.simvisor.proto.api.HostMetrics;
import dev.simvisor.proto.api.MetricsSample;
import dev.simvisor.proto.api.VmMetrics;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code simvisor cluster top} against a cluster with a web page. */
class ClusterTopTest {
    private static final String TWO_HOSTS = "../cluster-config/topologies/two-hosts.conf";
    private static RunningUp cluster;

    @BeforeAll
    static void startWithOneVm() throws Exception {
        cluster = RunningUp.start("--config", TWO_HOSTS, "--web", "0");
        cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M", "--host", "host-2");
    }

    @AfterAll
    static void end() throws Exception {
        cluster.close();
    }

    @Test
    void webPageIsAnnounced() {
        assertThat(cluster.said()).singleElement().asString().matches("web page at http://127\\.0\\.0\\.1:[0-9]+/");
    }

    @Test
    void tablesHaveHostsAndVms() {
        assertThat(cluster.succeeds("cluster", "top", "--every", "100ms", "--count", "2"))
                .containsPattern("(?s)virtual time .* of it the last 0.100 s.*virtual time ")
                .containsPattern("host-1 +up +0.0 % +0.0 % +0 +0 +0.0 MiB")
                .containsPattern("host-2 +up +[0-9.]+ % +0.0 % +1 +0 +16.0 MiB")
                .containsPattern("a +host-2 +[0-9.]+ %");
    }

    @Test
    void jsonHasALineForEachSample() throws Exception {
        List<MetricsSample> samples = new ArrayList<>();
        for (String line : cluster.succeeds("cluster", "top", "--every", "50ms", "--count", "3", "--output", "json")
                .lines()
                .toList()) {
            MetricsSample.Builder sample = MetricsSample.newBuilder();
            JsonFormat.parser().merge(line, sample);
            samples.add(sample.build());
        }
        assertThat(samples).hasSize(3).allSatisfy(sample -> {
            assertThat(sample.getUntilNanos() - sample.getFromNanos()).isEqualTo(50_000_000);
            assertThat(sample.getHostsList()).extracting(HostMetrics::getHost).containsExactly("host-1", "host-2");
            assertThat(sample.getVmsList()).extracting(VmMetrics::getVm).containsExactly("a");
        });
        assertThat(samples.get(1).getFromNanos()).isEqualTo(samples.get(0).getUntilNanos());
    }
}
