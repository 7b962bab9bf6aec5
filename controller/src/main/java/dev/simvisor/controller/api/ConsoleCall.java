package dev.simvisor.controller.api;

import com.google.protobuf.ByteString;
import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.controller.cluster.Refusal;
import dev.simvisor.proto.api.ConsoleInput;
import dev.simvisor.proto.api.ConsoleOpen;
import dev.simvisor.proto.api.ConsoleOutput;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One client at a VM's console. What it types is taken one message at a time, each only once the one before is on its way to
 * the host, so that nothing is reordered and a fast typist waits. Goes on after the client has stopped typing, until it hangs
 * up or the VM ends.
 */
final class ConsoleCall implements StreamObserver<ConsoleInput> {
    /** A reply must stay below what gRPC clients accept in one message, 4 MiB. */
    private static final int MOST_BYTES = 1 << 20;

    private final ClusterControl cluster;
    private final ServerCallStreamObserver<ConsoleOutput> client;
    private final ReplyStream<ConsoleOutput> stream;
    private @Nullable String vm;

    ConsoleCall(ClusterControl cluster, ServerCallStreamObserver<ConsoleOutput> client) {
        this.cluster = cluster;
        this.client = client;
        this.stream = new ReplyStream<>(client);
        client.disableAutoRequest();
        client.request(1);
    }

    @Override
    public void onNext(ConsoleInput input) {
        switch (input.getInputCase()) {
            case OPEN -> whenDone(open(input.getOpen()));
            case BYTES -> whenDone(type(input.getBytes()));
            case INPUT_NOT_SET -> refuse("an empty message: expected the VM to open, or bytes to type");
        }
    }

    private CompletableFuture<?> open(ConsoleOpen open) {
        if (vm != null) {
            return refusal("a console is open already, that of VM " + vm);
        }
        String name = open.getVm();
        vm = name;
        return Replies.vm(cluster, name)
                .thenAccept(here -> stream.from(cluster.console(name, open.getFromStart(), this::said, stream::end)));
    }

    private CompletableFuture<?> type(ByteString bytes) {
        return vm == null
                ? refusal("bytes before any open: expected the VM first")
                : cluster.type(vm, bytes.toByteArray());
    }

    private static CompletableFuture<?> refusal(String message) {
        return CompletableFuture.failedFuture(new Refusal(Refusal.Kind.INVALID, message));
    }

    private void refuse(String message) {
        stream.fail(new Refusal(Refusal.Kind.INVALID, message));
    }

    private void whenDone(CompletableFuture<?> answer) {
        answer.whenComplete((done, failure) -> {
            if (failure == null) {
                client.request(1);
            } else {
                stream.fail(failure);
            }
        });
    }

    private void said(ConsoleOutput output) {
        ByteString bytes = output.getBytes();
        for (int from = 0; from < bytes.size(); from += MOST_BYTES) {
            stream.send(output.toBuilder()
                    .setOffset(output.getOffset() + from)
                    .setBytes(bytes.substring(from, Math.min(bytes.size(), from + MOST_BYTES)))
                    .build());
        }
    }

    @Override
    public void onError(Throwable hungUp) {
        // The stream's own cancel handler has ended the subscription.
    }

    @Override
    public void onCompleted() {
        // Nothing more will be typed; whoever listens goes on.
    }
}
