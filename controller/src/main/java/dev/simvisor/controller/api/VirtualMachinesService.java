package dev.simvisor.controller.api;

import dev.simvisor.controller.cluster.ClusterControl;
import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.ConsoleInput;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.ListVmsRequest;
import dev.simvisor.proto.api.ListVmsResponse;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.StateHashResponse;
import dev.simvisor.proto.api.VirtualMachinesGrpc;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmRequest;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** Virtual machines. */
final class VirtualMachinesService extends VirtualMachinesGrpc.VirtualMachinesImplBase {
    private final ClusterControl cluster;

    VirtualMachinesService(ClusterControl cluster) {
        this.cluster = cluster;
    }

    @Override
    public void create(CreateVmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.createVm(request), observer);
    }

    @Override
    public void list(ListVmsRequest request, StreamObserver<ListVmsResponse> observer) {
        Replies.reply(
                cluster.vms()
                        .thenApply(vms ->
                                ListVmsResponse.newBuilder().addAllVms(vms).build()),
                observer);
    }

    @Override
    public void get(VmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(Replies.vm(cluster, request.getVm()), observer);
    }

    @Override
    public void pause(VmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.pause(request.getVm()), observer);
    }

    @Override
    public void resume(VmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.resume(request.getVm()), observer);
    }

    @Override
    public void stop(VmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.stop(request.getVm()), observer);
    }

    @Override
    public void snapshot(SnapshotVmRequest request, StreamObserver<SnapshotVmResponse> observer) {
        Replies.reply(cluster.snapshot(request.getVm(), request.getFile()), observer);
    }

    @Override
    public void restore(RestoreVmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.restore(request), observer);
    }

    @Override
    public void clone(CloneVmRequest request, StreamObserver<Vm> observer) {
        Replies.reply(cluster.cloneVm(request), observer);
    }

    @Override
    public void stateHash(VmRequest request, StreamObserver<StateHashResponse> observer) {
        Replies.reply(cluster.stateHash(request.getVm()), observer);
    }

    @Override
    public StreamObserver<ConsoleInput> console(StreamObserver<ConsoleOutput> observer) {
        return new ConsoleCall(cluster, (ServerCallStreamObserver<ConsoleOutput>) observer);
    }
}
