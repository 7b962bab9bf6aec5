package dev.simvisor.controller.cluster;

import static org.awaitility.Awaitility.await;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A cluster of hosts h1, h2, ... in this JVM whose guests are toys. */
public final class ToyCluster implements AutoCloseable {
    public static final long MILLI = 1_000_000;
    public static final long SECOND = 1000 * MILLI;
    private static final long MIB = 1 << 20;

    private final EmbeddedCluster cluster;

    private ToyCluster(EmbeddedCluster cluster) {
        this.cluster = cluster;
    }

    public static ToyCluster of(int hosts, long maxWindowNanos, String... nodes) throws IOException {
        EmbeddedCluster cluster = EmbeddedCluster.start(
                List.of(nodes), FitPlacement.WORST_FIT, spec -> new ToyMachines(spec.getMemoryBytes()), maxWindowNanos);
        ToyCluster toys = new ToyCluster(cluster);
        // Hosts go to the nodes that are there.
        await().until(() -> get(toys.control().nodes()).size() == nodes.length);
        for (int i = 1; i <= hosts; i++) {
            get(cluster.control().defineHost(host("h" + i)));
        }
        return toys;
    }

    public static HostSpec host(String name) {
        return HostSpec.newBuilder()
                .setName(name)
                .setPcpus(2)
                .setMemoryBytes(64 * MIB)
                .setLink(LinkSpec.newBuilder().setBitsPerSecond(80 * 8 * MIB).setLatencyNanos(MILLI))
                .build();
    }

    public static CreateVmRequest vm(String name, String host) {
        return CreateVmRequest.newBuilder()
                .setHost(host)
                .setSpec(VmSpec.newBuilder()
                        .setName(name)
                        .setMemoryBytes(8 * MIB)
                        .putLabels("dirty-every", "200000")
                        .putLabels("working-set", "400")
                        .putLabels("line-every", "3000000"))
                .build();
    }

    public ClusterControl control() {
        return cluster.control();
    }

    public static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(5, TimeUnit.MINUTES);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause() == null ? "" : e.getCause().getMessage(), e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("no answer", e);
        }
    }

    @Override
    public void close() {
        cluster.close();
    }
}
