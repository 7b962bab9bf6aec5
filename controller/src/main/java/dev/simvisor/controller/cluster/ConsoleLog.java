package dev.simvisor.controller.cluster;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.api.ConsoleOutput;
import dev.simvisor.proto.node.VmConsole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one VM has said, on whatever hosts, and who listens. Keeps the last {@value #KEPT_BYTES} bytes at least. */
final class ConsoleLog {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleLog.class);
    private static final int KEPT_BYTES = 8 << 20;

    /** A listener and what to run when there is nothing more to hear. */
    private record Listener(Consumer<ConsoleOutput> output, Runnable ended) {}

    private final String vm;
    private final List<Listener> listeners = new ArrayList<>();
    private ByteString kept = ByteString.EMPTY;
    private ByteString.Output recent = ByteString.newOutput();
    private long keptFrom;
    private long end;
    private boolean empty = true;
    private boolean closed;

    ConsoleLog(String vm) {
        this.vm = vm;
    }

    long bytes() {
        return end;
    }

    /** The next piece; a gap or an overlap would mean that a hand-over lost or repeated something. */
    void append(VmConsole piece) {
        if (empty) {
            keptFrom = piece.getOffset();
            end = piece.getOffset();
            empty = false;
        }
        if (piece.getOffset() != end) {
            LOG.error("console of VM {}: bytes from {} on came when {} was expected", vm, piece.getOffset(), end);
        }
        end = piece.getOffset() + piece.getBytes().size();
        keep(piece.getBytes());
        ConsoleOutput output = ConsoleOutput.newBuilder()
                .setVm(vm)
                .setOffset(piece.getOffset())
                .setBytes(piece.getBytes())
                .setVirtualNanos(piece.getNanos())
                .build();
        for (Listener listener : List.copyOf(listeners)) {
            listener.output().accept(output);
        }
    }

    private void keep(ByteString bytes) {
        try {
            bytes.writeTo(recent);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (recent.size() >= KEPT_BYTES) {
            keptFrom += kept.size();
            kept = recent.toByteString();
            recent = ByteString.newOutput();
        }
    }

    ClusterControl.Subscription listen(boolean fromStart, Consumer<ConsoleOutput> output, Runnable ended) {
        if (fromStart && !empty) {
            output.accept(ConsoleOutput.newBuilder()
                    .setVm(vm)
                    .setOffset(keptFrom)
                    .setBytes(kept.concat(recent.toByteString()))
                    .build());
        }
        if (closed) {
            ended.run();
            return () -> {};
        }
        Listener listener = new Listener(output, ended);
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** The VM has ended. */
    void close() {
        if (!closed) {
            closed = true;
            List.copyOf(listeners).forEach(listener -> listener.ended().run());
            listeners.clear();
        }
    }
}
