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
import java.util.List;
import java.util.concurrent.CountDownLatch;
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

    /** Starts so many VMs, lets time run, and returns when each has shown a text; then time stands again. */
    void start(int count, Boot boot, String prompt) throws ExecutionException, InterruptedException {
        CountDownLatch ready = new CountDownLatch(count);
        ClusterControl control = cluster.control();
        for (int i = 0; i < count; i++) {
            String name = "vm-" + ++vms;
            VmSpec spec = VmSpec.newBuilder()
                    .setName(name)
                    .setMemoryBytes(memoryBytes)
                    .setBoot(boot)
                    .build();
            PromptLine line = new PromptLine(prompt);
            control.createVm(CreateVmRequest.newBuilder()
                            .setHost(HOST)
                            .setSpec(spec)
                            .build())
                    .thenRun(() -> control.console(
                            name,
                            true,
                            output -> {
                                boolean waiting = !line.quitRequested();
                                for (byte value : output.getBytes()) line.put(value & 0xff);
                                if (waiting && line.quitRequested()) ready.countDown();
                            },
                            () -> {}));
        }
        control.start().get();
        ready.await();
        control.hold().get();
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
