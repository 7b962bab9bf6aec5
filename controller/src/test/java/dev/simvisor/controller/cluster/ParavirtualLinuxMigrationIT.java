package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestFetchCommand;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * Debian's stock kernel as a paravirtual guest goes to and fro between two processes while it prints, computes checksums and
 * writes to memory. How often, and by which seed: system properties {@code para.migrations} and {@code para.seed}.
 */
class ParavirtualLinuxMigrationIT {
    private static final int MIGRATIONS = Integer.getInteger("para.migrations", 5);
    private static final long SEED = Long.getLong("para.seed", 1);
    private static final long TICK_NANOS = 20 * MILLI;
    /** What md5sum says of the lines 1 to 100000, which the guest writes to its memory and sums up over and over. */
    private static final String SUM = "dea9193b768319cbb4ff1a137ac03113";

    private static final Pattern TICK = Pattern.compile("tick ([0-9]+)\r\n");
    private static final Pattern ROUND = Pattern.compile("sum ([0-9]+) ([0-9a-f]+)\r\n");

    private static HostSpec host(String name, String node) {
        return HostSpec.newBuilder()
                .setName(name)
                .setNode(node)
                .setPcpus(1)
                .addModes("para")
                .setMemoryBytes(1L << 30)
                .setLink(LinkSpec.newBuilder().setBitsPerSecond(10_000_000_000L).setLatencyNanos(MILLI))
                .build();
    }

    private static CreateVmRequest linux(String name, Path guest, int cpus) {
        LinuxBoot.Builder boot = LinuxBoot.newBuilder()
                .setKernel(guest.resolve("vmlinuz").toString())
                .setInitrd(guest.resolve("initrd").toString())
                .setCommandLine("console=hvc0");
        return CreateVmRequest.newBuilder()
                .setHost("h1")
                .setSpec(VmSpec.newBuilder()
                        .setName(name)
                        .setMode("para")
                        .setCpus(cpus)
                        .setMemoryBytes(256 << 20)
                        .setBoot(Boot.newBuilder().setLinux(boot)))
                .build();
    }

    @Test
    void nothingIsLostOrRepeatedHoweverOftenItMoves() throws Exception {
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
            get(cluster.createVm(linux("debian", guest, 2)));
            Transcript said = new Transcript();
            cluster.console("debian", true, said::add, () -> {});
            said.await("/root # ");
            cluster.type("debian", load().getBytes(StandardCharsets.US_ASCII));
            said.await("sum 1 ");
            List<MigrationReport> reports = migrateToAndFro(cluster);
            cluster.type("debian", "touch /stop; wait; echo fin\\ished\n".getBytes(StandardCharsets.US_ASCII));
            said.await("finished\r\n");

            check(said.text(), reports);
        }
    }

    /** Two jobs: one prints at even times, one fills memory and sums it up. */
    private static String load() {
        return "dmesg -n 1; i=0; while [ ! -e /stop ]; do echo tick $i; i=$((i+1)); usleep " + TICK_NANOS / 1000
                + "; done & n=0; while [ ! -e /stop ]; do seq 1 100000 > /load;"
                + " n=$((n+1)); echo sum $n $(md5sum < /load | cut -c1-32); done &\n";
    }

    private static List<MigrationReport> migrateToAndFro(ClusterControl cluster) throws Exception {
        Random random = new Random(SEED);
        List<MigrationReport> reports = new ArrayList<>();
        for (int n = 0; n < MIGRATIONS; n++) {
            MigrateRequest request = MigrateRequest.newBuilder()
                    .setVm("debian")
                    .setTarget(n % 2 == 0 ? "h2" : "h1")
                    .setParameters(MigrationParameters.newBuilder()
                            .setDowntimeLimitNanos((20 + random.nextInt(80)) * MILLI)
                            .setMaxRounds(1 + random.nextInt(8)))
                    .build();
            CompletableFuture<MigrationReport> accepted = cluster.migrate(request);
            MigrationReport report =
                    cluster.migrationEnd(get(accepted).getNumber()).get(10, TimeUnit.MINUTES);
            assertThat(report.getState())
                    .as("migration %d of seed %d: %s", n + 1, SEED, report.getReason())
                    .isEqualTo(MigrationState.MIGRATION_COMPLETED);
            assertThat(report.getSourceStateHash()).isNotEmpty().isEqualTo(report.getTargetStateHash());
            reports.add(report);
        }
        return reports;
    }

    private static void check(String text, List<MigrationReport> reports) {
        int ticks = 0;
        for (Matcher tick = TICK.matcher(text); tick.find(); ticks++) {
            assertThat(Integer.parseInt(tick.group(1))).as("seed %d", SEED).isEqualTo(ticks);
        }
        int sums = 0;
        for (Matcher sum = ROUND.matcher(text); sum.find(); ) {
            assertThat(Integer.parseInt(sum.group(1))).as("seed %d", SEED).isEqualTo(++sums);
            assertThat(sum.group(2)).as("seed %d", SEED).isEqualTo(SUM);
        }
        long[] downtimes = reports.stream()
                .mapToLong(MigrationReport::getDowntimeNanos)
                .sorted()
                .toArray();
        System.out.printf(
                "ParavirtualLinuxMigrationIT: %d migrations of seed %d, %d ticks and %d sums in order, none lost or repeated;"
                        + " downtime %.3f to %.3f ms, median %.3f ms; %.1f MiB sent on average%n",
                reports.size(),
                SEED,
                ticks,
                sums,
                downtimes[0] / 1e6,
                downtimes[downtimes.length - 1] / 1e6,
                downtimes[downtimes.length / 2] / 1e6,
                reports.stream()
                                .mapToLong(MigrationReport::getTotalBytes)
                                .average()
                                .orElse(0)
                        / (1 << 20));
        assertThat(ticks).isGreaterThan(2 * MIGRATIONS);
        assertThat(sums).isPositive();
    }
}
