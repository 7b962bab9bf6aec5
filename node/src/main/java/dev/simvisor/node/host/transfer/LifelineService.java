package dev.simvisor.node.host.transfer;

import dev.simvisor.proto.node.HoldReply;
import dev.simvisor.proto.node.HoldRequest;
import dev.simvisor.proto.node.LifelineGrpc.LifelineImplBase;
import io.grpc.stub.StreamObserver;

/** The node's end of {@code lifeline.proto}. */
final class LifelineService extends LifelineImplBase {
    @Override
    public void hold(HoldRequest request, StreamObserver<HoldReply> replies) {
        // Left open: it breaks when this process ends, and that says all there is to say.
    }
}
