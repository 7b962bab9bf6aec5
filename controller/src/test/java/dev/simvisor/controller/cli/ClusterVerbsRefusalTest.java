package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What a cluster cannot do is said in one line, and the exit status is not 0. */
class ClusterVerbsRefusalTest {
    private static final String TWO_HOSTS = "../cluster-config/topologies/two-hosts.conf";
    private static RunningUp cluster;

    @BeforeAll
    static void startWithOneVm() throws Exception {
        cluster = RunningUp.start("--config", TWO_HOSTS);
        cluster.succeeds("vm", "create", "a", "--guest", "builtin", "--memory", "16M", "--host", "host-1");
    }

    @AfterAll
    static void end() throws Exception {
        cluster.close();
    }

    @Test
    void unknownVmNamesThoseThereAre() {
        assertThat(cluster.refused("vm", "stop", "b")).isEqualTo("simvisor: no VM 'b': expected one of a");
        assertThat(cluster.refused("vm", "show", "b")).startsWith("simvisor: no VM 'b'");
    }

    @Test
    void unknownHostNamesThoseThereAre() {
        String line = "simvisor: no host 'host-9': expected one of host-1, host-2";

        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--host", "host-9"))
                .isEqualTo(line);
        assertThat(cluster.refused("vm", "migrate", "a", "--to", "host-9")).isEqualTo(line);
        assertThat(cluster.refused("host", "fail", "host-9")).isEqualTo(line);
        assertThat(cluster.refused("host", "drain", "host-9")).isEqualTo(line);
        assertThat(cluster.refused("host", "show", "host-9")).isEqualTo(line);
    }

    @Test
    void serverThatNobodyKnowsIsOneLineAndNoWarningBesides() {
        List<LogRecord> warnings = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord warning) {
                warnings.add(warning);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger grpc = Logger.getLogger("io.grpc");
        grpc.addHandler(handler);
        try {
            Invocation list = Invocation.of("vm", "list", "--server", "nobody.invalid:7711");
            assertThat(list.status()).isNotZero();
            assertThat(list.errors().strip()).startsWith("simvisor: no cluster answers at nobody.invalid:7711");
            assertThat(list.errors().lines()).hasSize(1);
            assertThat(warnings).isEmpty();
        } finally {
            grpc.removeHandler(handler);
        }
    }

    @Test
    void watchEndsWhenNobodyReadsItAnyMore() {
        Writer head = new FilterWriter(new StringWriter()) {
            @Override
            public void flush() throws IOException {
                if (!out.toString().isEmpty()) {
                    throw new IOException("Broken pipe");
                }
            }
        };
        String[] watch = {"cluster", "watch", "--from", "1", "--server", cluster.address()};
        CommandLine commandLine = Main.commandLine(watch);
        commandLine.setOut(new PrintWriter(head));
        int status = assertTimeoutPreemptively(Duration.ofSeconds(60), () -> commandLine.execute(watch));
        assertThat(status).isZero();
    }

    @Test
    void samplesWithoutAnInterval() {
        assertThat(cluster.refused("cluster", "top", "--every", "1us"))
                .isEqualTo("simvisor: --every 1us: expected at least 1ms");
        assertThat(cluster.refused("cluster", "top", "--count", "0"))
                .isEqualTo("simvisor: --count 0: expected at least 1");
    }

    @Test
    void migrationToTheHostItIsOn() {
        assertThat(cluster.refused("vm", "migrate", "a", "--to", "host-1"))
                .isEqualTo("simvisor: VM a is on host host-1 already");
    }

    @Test
    void deltaCacheOfLessThanAPage() {
        assertThat(cluster.refused("vm", "migrate", "a", "--to", "host-2", "--delta-cache", "1K"))
                .isEqualTo("simvisor: --delta-cache 1K: expected at least a page, 4K");
    }

    @Test
    void compressionThatThereIsNot() {
        assertThat(cluster.refused("vm", "migrate", "a", "--compression", "lz4"))
                .isEqualTo("simvisor: Invalid value for option '--compression': expected none or zstd, not \"lz4\";"
                        + " see simvisor vm migrate --help");
    }

    @Test
    void moreChannelsThanThereCanBe() {
        for (String channels : List.of("0", "17")) {
            assertThat(cluster.refused("vm", "migrate", "a", "--to", "host-2", "--channels", channels))
                    .isEqualTo("simvisor: --channels " + channels + ": expected from 1 to 16");
        }
    }

    @Test
    void codingOfPagesThatAreSentAsTheyAre() {
        for (String option : List.of("--compression=zstd", "--channels=2")) {
            assertThat(cluster.refused("vm", "migrate", "a", "--to", "host-2", "--algorithm", "post-copy", option))
                    .isEqualTo("simvisor: post-copy, which sends pages as they are:"
                            + " expected no compression and one channel");
        }
    }

    @Test
    void vmLargerThanAnyHost() {
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--memory", "2G"))
                .isEqualTo("simvisor: VM b: no host has room for 2048 MiB and supports mode bare");
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--memory", "2G", "--host", "host-2"))
                .startsWith("simvisor: host host-2 has no room for VM b of 2048 MiB");
    }

    @Test
    void nameThatIsTaken() {
        assertThat(cluster.refused("vm", "create", "a", "--guest", "builtin"))
                .isEqualTo("simvisor: VM a exists already, on host host-1");
    }

    @Test
    void modeThatThereIsNot() {
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--mode", "fast"))
                .isEqualTo(
                        "simvisor: Invalid value for option '--mode': expected one of bare, trap, translate, para, hardware,"
                                + " not \"fast\"; see simvisor vm create --help");
    }

    @Test
    void moreProcessorsThanThereCanBe() {
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--cpus", "33"))
                .isEqualTo("simvisor: VM b: 33 vCPUs: expected 1 to 32");
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--mode", "para", "--cpus", "33"))
                .isEqualTo("simvisor: VM b: 33 vCPUs: expected 1 to 32");
        assertThat(cluster.refused("vm", "create", "b", "--guest", "builtin", "--cpus", "0"))
                .isEqualTo("simvisor: --cpus 0: expected at least 1");
    }

    @Test
    void kernelThatIsNotThere() {
        assertThat(cluster.refused("vm", "create", "b", "--kernel", "no-such-kernel"))
                .isEqualTo("simvisor: --kernel no-such-kernel: no such file");
    }

    @Test
    void kernelThatIsNone() {
        assertThat(cluster.refused("vm", "create", "b", "--kernel", "pom.xml"))
                .startsWith("simvisor: VM b: ")
                .contains("pom.xml");
        assertThat(cluster.succeeds("vm", "list")).doesNotContain("pom.xml");
    }

    @Test
    void snapshotThatIsNone() {
        assertThat(cluster.refused("vm", "restore", "pom.xml")).contains("pom.xml: not a snapshot of a VM");
    }

    @Test
    void occupiedPort() {
        String port = cluster.address().replaceFirst(".*:", "");
        Invocation second = Invocation.of("up", "--config", TWO_HOSTS, "--port", port);

        assertThat(second.status()).isNotZero();
        assertThat(second.output()).isEmpty();
        assertThat(second.errors())
                .startsWith("simvisor: cannot serve on 127.0.0.1:" + port + ": ")
                .contains("in use", "--port")
                .hasLineCount(1);
    }

    @Test
    void webPageOnAnOccupiedPort() {
        String port = cluster.address().replaceFirst(".*:", "");
        Invocation up = Invocation.of("up", "--config", TWO_HOSTS, "--port", "0", "--web", port);

        assertThat(up.status()).isNotZero();
        assertThat(up.output()).isEmpty();
        assertThat(up.errors())
                .startsWith("simvisor: cannot serve the web page on 127.0.0.1:" + port + ": ")
                .contains("in use", "--web")
                .hasLineCount(1);
    }

    @Test
    void webPageWhereNoPortIs() {
        Invocation up = Invocation.of("up", "--config", TWO_HOSTS, "--port", "0", "--web", "65536");

        assertThat(up.status()).isNotZero();
        assertThat(up.errors())
                .isEqualTo("simvisor: --web 65536: expected a port from 0 to 65535" + System.lineSeparator());
    }

    @Test
    void webPageOnAnAddressThatIsNotThisMachines() {
        Invocation up =
                Invocation.of("up", "--config", TWO_HOSTS, "--port", "0", "--web", "0", "--web-address", "192.0.2.1");

        assertThat(up.status()).isNotZero();
        assertThat(up.errors())
                .startsWith("simvisor: cannot serve the web page on 192.0.2.1:0: ")
                .hasLineCount(1);
    }

    @Test
    void topologyThatIsNotThere() {
        Invocation up = Invocation.of("up", "--config", "no-such-topology.conf");

        assertThat(up.status()).isNotZero();
        assertThat(up.errors())
                .startsWith("simvisor: ")
                .contains("no-such-topology.conf")
                .hasLineCount(1);
    }

    @Test
    void firmwareOfAVm(@TempDir Path folder) throws Exception {
        byte[] halts = new byte[64 << 10];
        Arrays.fill(halts, (byte) 0xF4);
        String image = Files.write(folder.resolve("bios"), halts).toString();

        assertThat(cluster.succeeds("vm", "create", "halted", "--bios", image, "--memory", "16M"))
                .contains("halted", "16.0 MiB");
        assertThat(cluster.refused("vm", "create", "b", "--bios", image, "--mode", "para"))
                .isEqualTo("simvisor: VM b: " + image
                        + ": a paravirtual machine has no place for firmware: expected a kernel");
        assertThat(cluster.refused("vm", "create", "b", "--bios", image, "--guest", "builtin"))
                .startsWith("simvisor: --bios goes without --kernel, --guest, --initrd and --append");
        assertThat(cluster.refused("vm", "create", "b", "--bios", image + "2"))
                .isEqualTo("simvisor: --bios " + image + "2: no such file");
        Files.write(folder.resolve("short"), new byte[1000]);
        assertThat(cluster.refused(
                        "vm", "create", "b", "--bios", folder.resolve("short").toString()))
                .startsWith("simvisor: VM b: " + folder.resolve("short"));
    }

    @Test
    void serverThatIsNotThere() throws Exception {
        try (Socket taken = new Socket()) {
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)); // and nobody listens there
            String server = "localhost:" + taken.getLocalPort();
            Invocation list = Invocation.of("vm", "list", "--server", server);

            assertThat(list.status()).isNotZero();
            assertThat(list.errors())
                    .isEqualTo("simvisor: no cluster answers at " + server
                            + ": start one with simvisor up, or say where it is with --server HOST:PORT"
                            + System.lineSeparator());
        }
    }

    @Test
    void nodeThatIsToJoinWhereNoPortIs() {
        Invocation node = Invocation.of("node", "--join", "localhost:70000");

        assertThat(node.status()).isNotZero();
        assertThat(node.errors())
                .isEqualTo(
                        "simvisor: --join localhost:70000: expected a port from 1 to 65535" + System.lineSeparator());
    }

    @Test
    void nodeWithoutAName() {
        Invocation node = Invocation.of("node", "--join", "localhost:7000", "--name", "");

        assertThat(node.status()).isNotZero();
        assertThat(node.errors())
                .startsWith("simvisor: --name '': expected a letter or digit")
                .hasLineCount(1);
    }

    @Test
    void serverThatIsNoAddress() {
        Invocation list = Invocation.of("vm", "list", "--server", "here");

        assertThat(list.status()).isNotZero();
        assertThat(list.errors()).isEqualTo("simvisor: --server here: expected HOST:PORT" + System.lineSeparator());
    }
}
