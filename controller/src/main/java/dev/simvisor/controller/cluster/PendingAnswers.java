package dev.simvisor.controller.cluster;

import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.node.VmReport;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Commands that hosts have not answered yet, by their numbers. */
final class PendingAnswers {
    /** A command to a VM. */
    private record VmAnswer(String host, Consumer<VmReport> whenAnswered, CompletableFuture<?> future) {}

    private record Answer<T>(String host, CompletableFuture<T> future) {}

    private final SortedMap<Long, VmAnswer> vms = new TreeMap<>();
    private final SortedMap<Long, Answer<SnapshotVmResponse>> snapshots = new TreeMap<>();
    private final SortedMap<Long, Answer<StateHashResponse>> hashes = new TreeMap<>();

    void awaitVm(long command, String host, Consumer<VmReport> whenAnswered, CompletableFuture<?> future) {
        vms.put(command, new VmAnswer(host, whenAnswered, future));
    }

    void awaitSnapshot(long command, String host, CompletableFuture<SnapshotVmResponse> future) {
        snapshots.put(command, new Answer<>(host, future));
    }

    void awaitHash(long command, String host, CompletableFuture<StateHashResponse> future) {
        hashes.put(command, new Answer<>(host, future));
    }

    /** Passes a report on to who waits for it; false when nobody does. */
    boolean vm(VmReport report) {
        VmAnswer answer = vms.remove(report.getCommand());
        if (answer != null) {
            answer.whenAnswered().accept(report);
        }
        return answer != null;
    }

    @Nullable
    CompletableFuture<SnapshotVmResponse> snapshot(long command) {
        Answer<SnapshotVmResponse> answer = snapshots.remove(command);
        return answer == null ? null : answer.future();
    }

    @Nullable
    CompletableFuture<StateHashResponse> hash(long command) {
        Answer<StateHashResponse> answer = hashes.remove(command);
        return answer == null ? null : answer.future();
    }

    /** A host has died and will answer nothing. */
    void lost(String host, String reason) {
        Refusal refusal = new Refusal(Kind.LOST, "host " + host + " died: " + reason);
        List.copyOf(vms.entrySet()).forEach(entry -> {
            if (entry.getValue().host().equals(host)) {
                vms.remove(entry.getKey());
                entry.getValue().future().completeExceptionally(refusal);
            }
        });
        List.copyOf(snapshots.entrySet()).forEach(entry -> {
            if (entry.getValue().host().equals(host)) {
                snapshots.remove(entry.getKey());
                entry.getValue().future().completeExceptionally(refusal);
            }
        });
        List.copyOf(hashes.entrySet()).forEach(entry -> {
            if (entry.getValue().host().equals(host)) {
                hashes.remove(entry.getKey());
                entry.getValue().future().completeExceptionally(refusal);
            }
        });
    }
}
