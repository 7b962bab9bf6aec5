package dev.simvisor.controller.benchmark;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Equal VMs on one host of a cluster in this JVM, a processor for each. */
final class VmFleet implements AutoCloseable {
    private static final String HOST = "host";

    private final EmbeddedCluster cluster;
    private final long memoryBytes;
    private int vms;

    /**
     * A host without VMs.
     *
     * @param most VMs that will be started
     * @param memoryBytes of each
     */
    VmFleet(int most, long memoryBytes) throws IOException, ExecutionException, InterruptedException {
        this.memoryBytes = memoryBytes;
        cluster = EmbeddedCluster.start(List.of("node"), FitPlacement.WORST_FIT);
        HostSpec host = HostSpec.newBuilder()
                .setName(HOST)
                .setPcpus(most)
                .setMemoryBytes(2L * most * memoryBytes)
                .setLink(LinkSpec.newBuilder().setBitsPerSecond(1_000_000_000).setLatencyNanos(1_000_000))
                .build();
        cluster.control().defineHost(host).get();
    }

    /**
     * Starts so many VMs, lets time run, and returns when each has said a text; then time stands again.
     *
     * @throws ExecutionException when one is refused or ends before that
     */
    void start(int count, Boot boot, String text) throws ExecutionException, InterruptedException {
        ClusterControl control = cluster.control();
        List<CompletableFuture<Void>> said = new ArrayList<>();
        for (int i = 0; i < count; i++) said.add(started("vm-" + ++vms, boot, text));
        control.start().get();
        CompletableFuture.allOf(said.toArray(CompletableFuture[]::new)).get();
        control.hold().get();
    }

    /** Completes when a new VM has said a text. */
    private CompletableFuture<Void> started(String name, Boot boot, String text) {
        VmSpec spec = VmSpec.newBuilder()
                .setName(name)
                .setMemoryBytes(memoryBytes)
                .setBoot(boot)
                .build();
        CreateVmRequest request =
                CreateVmRequest.newBuilder().setHost(HOST).setSpec(spec).build();
        return cluster.control().createVm(request).thenCompose(_ -> saying(name, text));
    }

    private CompletableFuture<Void> saying(String vm, String text) {
        CompletableFuture<Void> said = new CompletableFuture<>();
        PromptLine line = new PromptLine(text);
        cluster.control()
                .console(
                        vm,
                        true,
                        output -> {
                            for (byte value : output.getBytes()) line.put(value & 0xff);
                            if (line.quitRequested()) said.complete(null);
                        },
                        () -> said.completeExceptionally(
                                new IllegalStateException(vm + " ended before it said \"" + text + "\"")));
        return said;
    }

    /** Executed by all VMs so far. */
    long instructions() throws ExecutionException, InterruptedException {
        return cluster.control().vms().get().stream()
                .mapToLong(Vm::getInstructions)
                .sum();
    }

    @Override
    public void close() {
        cluster.close();
    }
}
