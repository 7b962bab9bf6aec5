package dev.simvisor.controller.cluster;

import dev.simvisor.proto.node.HoldReply;
import dev.simvisor.proto.node.HoldRequest;
import dev.simvisor.proto.node.LifelineGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.function.Consumer;

/**
 * A call to a node that lasts as long as the node's process. A connection that closes tells of a death within milliseconds,
 * where a failure detector needs seconds of silence. Should it break for another reason, taking the node for dead is still safe:
 * a node runs nothing without a window from the controller, which grants it none any more.
 */
final class Lifeline implements AutoCloseable {
    private final ManagedChannel channel;

    private Lifeline(ManagedChannel channel) {
        this.channel = channel;
    }

    /**
     * @param address where the node receives page streams, host:port
     * @param whenCut told, by any thread and in one line, why the call has ended; also after {@link #close}
     */
    static Lifeline to(String address, Consumer<String> whenCut) {
        ManagedChannel channel = NettyChannelBuilder.forTarget("dns:///" + address)
                .usePlaintext()
                .build();
        LifelineGrpc.newStub(channel).hold(HoldRequest.getDefaultInstance(), new StreamObserver<>() {
            @Override
            public void onNext(HoldReply reply) {}

            @Override
            public void onError(Throwable cause) {
                Status status = Status.fromThrowable(cause);
                String description = status.getDescription();
                whenCut.accept(
                        "lifeline to " + address + " cut: " + (description == null ? status.getCode() : description));
            }

            @Override
            public void onCompleted() {
                whenCut.accept("lifeline to " + address + " ended by the node");
            }
        });
        return new Lifeline(channel);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
