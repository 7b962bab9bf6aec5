package dev.simvisor.controller.cli;

import com.google.protobuf.ByteString;
import dev.simvisor.controller.boot.SerialLine;
import dev.simvisor.proto.api.ConsoleInput;
import dev.simvisor.proto.api.ConsoleOpen;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.api.VirtualMachinesGrpc;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A VM's console on a line of this process, until the VM ends or the user hangs up. */
final class ConsoleSession implements StreamObserver<ConsoleOutput> {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final SerialLine line;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private ConsoleSession(SerialLine line) {
        this.line = line;
    }

    /**
     * Runs a session.
     *
     * @param fromStart first shows what the console has said so far
     * @return whether the VM ended it, and not the user
     * @throws io.grpc.StatusRuntimeException when the cluster refuses it or is gone
     */
    static boolean run(VirtualMachinesGrpc.VirtualMachinesStub vms, String vm, boolean fromStart, SerialLine line)
            throws InterruptedException {
        ConsoleSession session = new ConsoleSession(line);
        var input = (ClientCallStreamObserver<ConsoleInput>) vms.console(session);
        input.onNext(ConsoleInput.newBuilder()
                .setOpen(ConsoleOpen.newBuilder().setVm(vm).setFromStart(fromStart))
                .build());
        return session.pump(input);
    }

    /** Typing has this thread, listening one of gRPC's. */
    private boolean pump(ClientCallStreamObserver<ConsoleInput> input) throws InterruptedException {
        while (!ended.isDone()) {
            line.awaitInput(POLL_NANOS);
            // Bytes that the cluster is not ready for stay with the line, which then reads no further.
            byte[] typed = input.isReady() ? line.takeInput() : new byte[0];
            if (typed.length > 0 && !ended.isDone()) {
                input.onNext(ConsoleInput.newBuilder()
                        .setBytes(ByteString.copyFrom(typed))
                        .build());
            }
            if (line.quitRequested()) {
                input.cancel("the user hung up", null);
                return false;
            }
        }
        try {
            ended.get();
            return true;
        } catch (ExecutionException failed) {
            throw Status.fromThrowable(failed).asRuntimeException();
        }
    }

    @Override
    public void onNext(ConsoleOutput output) {
        ByteString bytes = output.getBytes();
        try {
            for (int i = 0; i < bytes.size(); i++) {
                line.put(Byte.toUnsignedInt(bytes.byteAt(i)));
            }
            line.flush();
        } catch (IOException | UncheckedIOException failed) {
            // Whoever read our output is gone.
            ended.completeExceptionally(Status.ABORTED
                    .withDescription("cannot show the console: " + failed.getMessage())
                    .asException());
        }
    }

    @Override
    public void onError(Throwable failure) {
        ended.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
        ended.complete(null);
    }
}
