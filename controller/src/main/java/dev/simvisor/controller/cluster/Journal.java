package dev.simvisor.controller.cluster;

import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.placement.Placement;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.RunSettings;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Takes down what was asked of a cluster from outside and granted, with the virtual times at which it took effect: a file of JSON,
 * one {@link JournalEntry} a line. {@link Replay} reads it. Hosts that died with their nodes are in it, too.
 */
final class Journal implements AutoCloseable {
    private static final JsonFormat.Printer PRINTER = JsonFormat.printer().omittingInsignificantWhitespace();

    private final BufferedWriter out;

    /**
     * Starts a journal.
     *
     * @param file of a name that nothing has yet
     */
    Journal(Path file, Placement placement) throws IOException {
        out = Files.newBufferedWriter(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        write(JournalEntry.newBuilder()
                .setSettings(RunSettings.newBuilder().setPlacement(placement.label()))
                .build());
    }

    /** Each line is in the file before virtual time goes on. */
    void write(JournalEntry entry) throws IOException {
        out.write(PRINTER.print(entry));
        out.newLine();
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
