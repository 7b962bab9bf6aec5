package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestFetchCommand;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** An unmodified Debian kernel, fetched first where it is not in the cache, moves to another process while it prints. */
class LinuxMigrationIT {
    private static final int LINES = 40;
    private static final Pattern TICK = Pattern.compile("tick ([0-9]+)\r\n");

    /** What a console said, with the virtual time of each tick. */
    private static final class TimedTranscript extends Transcript {
        private final List<Long> tickNanos = new ArrayList<>();

        @Override
        synchronized void add(ConsoleOutput piece) {
            int from = Math.max(0, text().lastIndexOf("\n") + 1);
            super.add(piece);
            Matcher tick = TICK.matcher(text().substring(from));
            while (tick.find()) {
                assertThat(Integer.parseInt(tick.group(1))).isEqualTo(tickNanos.size());
                tickNanos.add(piece.getVirtualNanos());
            }
        }

        synchronized List<Long> ticks() {
            return List.copyOf(tickNanos);
        }
    }

    private static HostSpec host(String name, String node) {
        return HostSpec.newBuilder()
                .setName(name)
                .setNode(node)
                .setPcpus(1)
                .setMemoryBytes(1L << 30)
                .setLink(LinkSpec.newBuilder().setBitsPerSecond(1_000_000_000).setLatencyNanos(MILLI))
                .build();
    }

    private static CreateVmRequest linux(Path guest) {
        LinuxBoot.Builder boot = LinuxBoot.newBuilder()
                .setKernel(guest.resolve("vmlinuz").toString())
                .setInitrd(guest.resolve("initrd").toString())
                .setCommandLine("console=ttyS0");
        return CreateVmRequest.newBuilder()
                .setHost("h1")
                .setSpec(VmSpec.newBuilder()
                        .setName("debian")
                        .setMemoryBytes(256 << 20)
                        .setBoot(Boot.newBuilder().setLinux(boot)))
                .build();
    }

    @Test
    void noLineIsLostRepeatedOrLaterThanTheDowntime() throws Exception {
        assertThat(new CommandLine(new GuestFetchCommand()).execute("debian-12-amd64"))
                .isZero();
        Path guest = GuestCache.defaultFolder(System.getenv()).resolve("debian-12-amd64");
        try (Controller controller = Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0);
                NodeProcess first = NodeProcess.start("n1", controller.address());
                NodeProcess second = NodeProcess.start("n2", controller.address())) {
            ClusterControl cluster = controller.control();
            get(cluster.defineHost(host("h1", "n1")));
            get(cluster.defineHost(host("h2", "n2")));
            get(cluster.start());
            get(cluster.createVm(linux(guest)));
            TimedTranscript said = new TimedTranscript();
            cluster.console("debian", true, said::add, () -> {});
            said.await("/root # ");
            cluster.type(
                    "debian",
                    ("i=0; while [ $i -lt " + LINES
                                    + " ]; do echo tick $i; i=$((i+1)); usleep 100000; done; echo fin\\ished\n")
                            .getBytes(StandardCharsets.US_ASCII));
            said.await("tick 5\r\n");
            MigrateRequest request =
                    MigrateRequest.newBuilder().setVm("debian").setTarget("h2").build();
            MigrationReport report =
                    get(cluster.migrationEnd(get(cluster.migrate(request)).getNumber()));
            said.await("finished\r\n");

            assertThat(report.getState()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash()).isEqualTo(report.getTargetStateHash());
            checkTicks(said.ticks(), report);
        }
    }

    private static void checkTicks(List<Long> ticks, MigrationReport report) {
        List<Long> gaps = new ArrayList<>();
        for (int i = 1; i < ticks.size(); i++) {
            gaps.add(ticks.get(i) - ticks.get(i - 1));
        }
        List<Long> sorted = gaps.stream().sorted().toList();
        long usual = sorted.get(sorted.size() / 2);
        System.out.printf(
                "LinuxMigrationIT: %d ticks, usual gap %.3f ms, longest %.3f ms; %d rounds, %.1f MiB, downtime %.3f ms, total %.3f ms%n",
                ticks.size(),
                usual / 1e6,
                sorted.getLast() / 1e6,
                report.getRoundsCount(),
                report.getTotalBytes() / (double) (1 << 20),
                report.getDowntimeNanos() / 1e6,
                report.getTotalNanos() / 1e6);
        assertThat(ticks).hasSize(LINES);
        assertThat(sorted.getLast()).isLessThanOrEqualTo(usual + report.getDowntimeNanos() + 10 * MILLI);
    }
}
