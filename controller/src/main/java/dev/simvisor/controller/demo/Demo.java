package dev.simvisor.controller.demo;

import com.google.protobuf.ByteString;
import dev.simvisor.config.Topology;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.MigrationTables;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Two VMs, {@code mover} and {@code twin}, are typed the same commands at the same time: print a numbered line again and
 * again, write memory, and show a checksum of it in the end. The mover is migrated there and back and then has its host drained
 * under it; the twin stays. A guest cannot tell that it was paused, so both must say the same, to the byte.
 */
public final class Demo {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final String MOVER = "mover";
    private static final String TWIN = "twin";
    private static final String BYSTANDER = "bystander";
    private static final String COMMANDS = "ticker 32 250\ndirty 16 4 sequential 46\nwait\nchecksum\n";
    private static final String BYSTANDERS_COMMANDS = "spin 1\nuptime\n";
    private static final MigrationParameters PRE_COPY = MigrationParameters.newBuilder()
            .setAlgorithm(MigrationAlgorithm.PRE_COPY)
            .setDowntimeLimitNanos(2 * MILLI)
            .build();

    private final ClusterControl cluster;
    private final PrintWriter out;
    private final GuestCache guests;

    // Written by the time keeper's thread.
    private final SortedMap<String, ByteString> consoles = new TreeMap<>();
    private final SortedMap<String, String> hostOf = new TreeMap<>();

    private Demo(ClusterControl cluster, PrintWriter out, GuestCache guests) {
        this.cluster = cluster;
        this.out = out;
        this.guests = guests;
    }

    /** Runs the demo in a cluster of its own; true when everything came out as it must. */
    public static boolean run(PrintWriter out, GuestCache guests)
            throws IOException, GuestException, InterruptedException, ExecutionException {
        try (EmbeddedCluster embedded = EmbeddedCluster.start(List.of("demo"), FitPlacement.WORST_FIT)) {
            return new Demo(embedded.control(), out, guests).run();
        }
    }

    private boolean run() throws GuestException, IOException, InterruptedException, ExecutionException {
        long startedNanos = System.nanoTime();
        startHosts();
        cluster.watch(1, this::happened);
        create(0, MOVER, "host-1");
        create(0, TWIN, "host-2");
        create(0, BYSTANDER, "host-1");
        type(500 * MILLI, MOVER, COMMANDS);
        type(500 * MILLI, TWIN, COMMANDS);
        type(500 * MILLI, BYSTANDER, BYSTANDERS_COMMANDS);
        migrate(2 * SECOND, "host-3");
        migrate(4 * SECOND, "host-1");
        CompletableFuture<Host> drained = cluster.at(6 * SECOND).drain("host-1", PRE_COPY);

        ClusterControl end = cluster.at(10 * SECOND);
        CompletableFuture<List<MigrationReport>> migrations = end.migrations();
        CompletableFuture<Void> held = end.hold();
        cluster.start();
        held.get();
        List<MigrationReport> reports = migrations.get();
        showMigrations(reports);
        boolean right = prove(reports, drained);
        out.printf(
                "%n%s of virtual time in %s.%n",
                Figures.seconds(10 * SECOND), Figures.seconds(System.nanoTime() - startedNanos));
        return right;
    }

    // ---- the script ----

    private void startHosts() throws InterruptedException, ExecutionException {
        for (Topology.Host host : Topology.shipped("demo").hosts()) {
            HostSpec spec = Specs.host(host);
            cluster.defineHost(spec).get();
            out.printf(
                    "%s: %d processors of %d MHz, %s, a link of %d Mbit/s%n",
                    spec.getName(),
                    spec.getPcpus(),
                    spec.getClockHz() / 1_000_000,
                    Figures.mebibytes(spec.getMemoryBytes()),
                    spec.getLink().getBitsPerSecond() / 1_000_000);
        }
    }

    private void create(long nanos, String name, String host) throws GuestException, IOException {
        VmSpec spec = Specs.vm(name, Objects.requireNonNull(VmType.load().get("builtin")), guests);
        cluster.at(nanos)
                .createVm(
                        CreateVmRequest.newBuilder().setSpec(spec).setHost(host).build())
                .thenRun(() -> cluster.console(name, true, this::said, () -> {}));
    }

    private void type(long nanos, String vm, String text) {
        cluster.at(nanos).type(vm, text.getBytes(StandardCharsets.UTF_8));
    }

    private void migrate(long nanos, String target) {
        cluster.at(nanos)
                .migrate(MigrateRequest.newBuilder()
                        .setVm(MOVER)
                        .setTarget(target)
                        .setParameters(PRE_COPY)
                        .build());
    }

    // ---- what happens ----

    private void happened(Event event) {
        switch (event.getWhatCase()) {
            case VM ->
                hostOf.put(event.getVm().getSpec().getName(), event.getVm().getHost());
            case HOST -> {
                switch (event.getHost().getState()) {
                    case HOST_DRAINING, HOST_DRAINED, HOST_FAILED ->
                        tell(
                                event,
                                event.getHost().getSpec().getName() + " is "
                                        + Figures.word(event.getHost().getState(), "HOST_"));
                    case HOST_UP, HOST_STARTING, HOST_STATE_UNSPECIFIED, UNRECOGNIZED -> {}
                }
            }
            case MIGRATION -> happened(event, event.getMigration());
            case NODE, REFUSAL, WHAT_NOT_SET -> {}
        }
    }

    private void happened(Event event, MigrationReport report) {
        String path = report.getVm() + " from " + report.getSource() + " to " + report.getTarget();
        switch (report.getState()) {
            case MIGRATION_QUEUED -> tell(event, "migrating " + path);
            case MIGRATION_COMPLETED -> tell(event, "migrated " + path + ", " + MigrationTables.downtime(report));
            case MIGRATION_FAILED, MIGRATION_CANCELLED ->
                tell(event, "did not migrate " + path + ": " + report.getReason());
            case MIGRATION_PREPARING,
                    MIGRATION_COPYING,
                    MIGRATION_SWITCHING,
                    MIGRATION_FETCHING,
                    MIGRATION_STATE_UNSPECIFIED,
                    UNRECOGNIZED -> {}
        }
    }

    private void tell(Event event, String what) {
        out.printf("%10s  ** %s%n", Figures.seconds(event.getVirtualNanos()), what);
        out.flush();
    }

    private void said(ConsoleOutput output) {
        consoles.merge(output.getVm(), output.getBytes(), ByteString::concat);
        for (String line : output.getBytes().toStringUtf8().lines().toList()) {
            out.printf(
                    "%10s  %-9s on %-6s | %s%n",
                    Figures.seconds(output.getVirtualNanos()),
                    output.getVm(),
                    hostOf.getOrDefault(output.getVm(), ""),
                    line);
        }
        out.flush();
    }

    // ---- the end ----

    private void showMigrations(List<MigrationReport> reports) {
        out.printf("%nMigrations, in virtual time%n%n%s%n", MigrationTables.summary(reports));
        for (MigrationReport report : reports) {
            if (report.getVm().equals(MOVER)) {
                out.printf(
                        "%nRounds of migration %d: %s to %s; ended by: %s%n%s%n",
                        report.getNumber(),
                        report.getSource(),
                        report.getTarget(),
                        report.getSwitchOverCause(),
                        MigrationTables.rounds(report));
            }
        }
    }

    private boolean prove(List<MigrationReport> reports, CompletableFuture<Host> drained) {
        List<Claim> claims = new ArrayList<>();
        String mover = console(MOVER);
        String twin = console(TWIN);
        claims.add(new Claim(
                "all " + reports.size() + " migrations completed",
                reports.size() >= 3 && reports.stream().allMatch(Demo::completed)));
        claims.add(new Claim(
                "at each hand-over source and target had the same stateHash",
                reports.stream().allMatch(Demo::handedOverWhole)));
        claims.add(new Claim("host-1 was drained", drained.isDone() && !drained.isCompletedExceptionally()));
        claims.add(new Claim(
                "the mover's memory has the checksum of its twin's, which never moved: " + checksum(mover),
                !checksum(mover).isEmpty() && checksum(mover).equals(checksum(twin))));
        claims.add(new Claim(
                "the mover's console of " + mover.length() + " bytes is its twin's, byte for byte",
                !mover.isEmpty() && mover.equals(twin)));
        out.println();
        claims.forEach(claim -> out.printf("%s  %s%n", claim.holds() ? "yes" : "NO ", claim.text()));
        return claims.stream().allMatch(Claim::holds);
    }

    private record Claim(String text, boolean holds) {}

    private String console(String vm) {
        return consoles.getOrDefault(vm, ByteString.EMPTY).toStringUtf8();
    }

    private static boolean completed(MigrationReport report) {
        return report.getState() == MigrationState.MIGRATION_COMPLETED;
    }

    private static boolean handedOverWhole(MigrationReport report) {
        return !report.getSourceStateHash().isEmpty()
                && report.getSourceStateHash().equals(report.getTargetStateHash());
    }

    /** What the guest's own check of the memory that was written says. */
    private static String checksum(String console) {
        return console.lines()
                .filter(line -> line.startsWith("dirty ") && line.contains("checksum"))
                .reduce((first, last) -> last)
                .orElse("");
    }
}
