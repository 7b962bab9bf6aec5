package dev.simvisor.controller.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.proto.api.JournalEntry;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What was asked of a cluster from outside, with the virtual times at which it took effect: a file of JSON, one
 * {@link JournalEntry} a line. Replayed into a cluster of no hosts, it repeats the run.
 */
public final class Journal implements AutoCloseable {
    private static final JsonFormat.Printer PRINTER = JsonFormat.printer().omittingInsignificantWhitespace();

    private final BufferedWriter out;

    /** Starts a journal; what the file held is gone. */
    Journal(Path file) throws IOException {
        out = Files.newBufferedWriter(file);
    }

    /** Each line is in the file before the command takes effect. */
    void write(JournalEntry entry) {
        try {
            out.write(PRINTER.print(entry));
            out.newLine();
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("the journal cannot be written", e);
        }
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    /**
     * Asks a cluster for all that a journal has, at the times it has; the caller starts the cluster after that. Hosts that were
     * there before virtual time began are defined, and asked to come up, at once.
     *
     * @throws IOException when the file cannot be read or is no journal; the message is one line
     */
    public static void replay(Path file, ClusterControl cluster) throws IOException {
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            JournalEntry.Builder entry = JournalEntry.newBuilder();
            try {
                JsonFormat.parser().merge(lines.get(i), entry);
            } catch (InvalidProtocolBufferException e) {
                throw new IOException(file + ":" + (i + 1) + ": not a line of a journal: " + e.getMessage(), e);
            }
            ask(entry.build(), entry.getVirtualNanos() == 0 ? cluster : cluster.at(entry.getVirtualNanos()));
        }
    }

    private static void ask(JournalEntry entry, ClusterControl cluster) throws IOException {
        switch (entry.getCommandCase()) {
            case DEFINE_HOST -> cluster.defineHost(entry.getDefineHost());
            case DRAIN ->
                cluster.drain(entry.getDrain().getHost(), entry.getDrain().getParameters());
            case FAIL_HOST -> cluster.failHost(entry.getFailHost().getHost());
            case RECOVER_HOST -> cluster.recoverHost(entry.getRecoverHost().getHost());
            case CREATE_VM -> cluster.createVm(entry.getCreateVm());
            case ARRIVE -> cluster.arrive(entry.getArrive());
            case PAUSE -> cluster.pause(entry.getPause().getVm());
            case RESUME -> cluster.resume(entry.getResume().getVm());
            case STOP -> cluster.stop(entry.getStop().getVm());
            case TYPE ->
                cluster.type(entry.getType().getVm(), entry.getType().getBytes().toByteArray());
            case SNAPSHOT ->
                cluster.snapshot(
                        entry.getSnapshot().getVm(), entry.getSnapshot().getFile());
            case RESTORE -> cluster.restore(entry.getRestore());
            case CLONE -> cluster.cloneVm(entry.getClone());
            case MIGRATE -> cluster.migrate(entry.getMigrate());
            case CANCEL_MIGRATION ->
                cluster.cancelMigration(entry.getCancelMigration().getNumber());
            case COMMAND_NOT_SET -> throw new IOException("the journal has a command that this version does not know");
        }
    }
}
