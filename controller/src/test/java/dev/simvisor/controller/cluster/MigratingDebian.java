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
import dev.simvisor.proto.api.VmSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/**
 * A cluster of two hosts, h1 and h2, each in a process of its own, and on h1 an unmodified Debian at its prompt, fetched first
 * where it is not in the cache.
 */
final class MigratingDebian implements AutoCloseable {
    private static final String VM = "debian";

    private final Controller controller;
    private final NodeProcess first;
    private final NodeProcess second;
    private final Transcript said;

    private MigratingDebian(Controller controller, Transcript said) throws Exception {
        this.controller = controller;
        this.said = said;
        first = NodeProcess.start("n1", controller.address());
        second = NodeProcess.start("n2", controller.address());
    }

    /**
     * Starts the cluster and boots the guest.
     *
     * @param terminal the guest's, as its kernel calls it
     * @param said gets what it says
     */
    static MigratingDebian atPrompt(String mode, int cpus, String terminal, long bitsPerSecond, Transcript said)
            throws Exception {
        return atPrompt(linux(mode, cpus, terminal), bitsPerSecond, said);
    }

    /** As {@link #atPrompt(String, int, String, long, Transcript)}, in mode bare, with one processor and a disk. */
    static MigratingDebian atPromptWithDisk(Path disk, long bitsPerSecond, Transcript said) throws Exception {
        CreateVmRequest.Builder request = linux("bare", 1, "ttyS0").toBuilder();
        request.getSpecBuilder().addDisks(disk.toString());
        return atPrompt(request.build(), bitsPerSecond, said);
    }

    private static MigratingDebian atPrompt(CreateVmRequest vm, long bitsPerSecond, Transcript said) throws Exception {
        String mode = vm.getSpec().getMode();
        assertThat(new CommandLine(new GuestFetchCommand()).execute("debian-12-amd64"))
                .isZero();
        MigratingDebian debian = new MigratingDebian(Controller.start("127.0.0.1", 0, FitPlacement.FIRST_FIT, 0), said);
        try {
            ClusterControl cluster = debian.cluster();
            get(cluster.defineHost(host("h1", "n1", mode, bitsPerSecond)));
            get(cluster.defineHost(host("h2", "n2", mode, bitsPerSecond)));
            get(cluster.start());
            get(cluster.createVm(vm));
            cluster.console(VM, true, said::add, () -> {});
            said.await("/root # ");
            return debian;
        } catch (Exception | AssertionError e) {
            debian.close();
            throw e;
        }
    }

    private static HostSpec host(String name, String node, String mode, long bitsPerSecond) {
        return HostSpec.newBuilder()
                .setName(name)
                .setNode(node)
                .setPcpus(1)
                .addModes(mode)
                .setMemoryBytes(1L << 30)
                .setLink(LinkSpec.newBuilder().setBitsPerSecond(bitsPerSecond).setLatencyNanos(MILLI))
                .build();
    }

    private static CreateVmRequest linux(String mode, int cpus, String terminal) {
        Path guest = GuestCache.defaultFolder(System.getenv()).resolve("debian-12-amd64");
        LinuxBoot.Builder boot = LinuxBoot.newBuilder()
                .setKernel(guest.resolve("vmlinuz").toString())
                .setInitrd(guest.resolve("initrd").toString())
                .setCommandLine("console=" + terminal);
        return CreateVmRequest.newBuilder()
                .setHost("h1")
                .setSpec(VmSpec.newBuilder()
                        .setName(VM)
                        .setMode(mode)
                        .setCpus(cpus)
                        .setMemoryBytes(256 << 20)
                        .setBoot(Boot.newBuilder().setLinux(boot)))
                .build();
    }

    private ClusterControl cluster() {
        return controller.control();
    }

    /** Types a line at the guest's console, and waits until its answer is there. */
    void ask(String line, String answer) throws InterruptedException {
        cluster().type(VM, (line + "\n").getBytes(StandardCharsets.US_ASCII));
        said.await(answer);
    }

    /** Migrates the guest, and waits for the end of it. */
    MigrationReport migrate(String target, MigrationParameters parameters) throws Exception {
        MigrateRequest request = MigrateRequest.newBuilder()
                .setVm(VM)
                .setTarget(target)
                .setParameters(parameters)
                .build();
        long number = get(cluster().migrate(request)).getNumber();
        return cluster().migrationEnd(number).get(10, TimeUnit.MINUTES);
    }

    @Override
    public void close() throws Exception {
        // Each ends though another does not: closed in reverse order.
        try (controller;
                first;
                second) {
            return;
        }
    }
}
