package dev.simvisor.controller.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.JournalEntry.CommandCase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A run that a {@link Journal} tells of, to be repeated by a cluster of no hosts that places VMs the same way. The same happens
 * at the same virtual times, but for a host that died with its node: it runs the window that it did not end.
 *
 * @param commands in the order in which they took effect
 */
public record Replay(FitPlacement placement, List<JournalEntry> commands) {
    public Replay {
        commands = List.copyOf(commands);
    }

    /**
     * Reads a journal.
     *
     * @throws IOException when the file cannot be read or is no journal; the message is one line
     */
    public static Replay read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<JournalEntry> entries = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            entries.add(entry(file + ":" + (i + 1), lines.get(i)));
        }
        if (entries.isEmpty() || !entries.getFirst().hasSettings()) {
            throw new IOException(file + ":1: not the beginning of a journal: expected the settings of the run");
        }
        String label = entries.getFirst().getSettings().getPlacement();
        FitPlacement placement = FitPlacement.labelled(label)
                .orElseThrow(() -> new IOException(file + ":1: there is no placement \"" + label + "\""));
        return new Replay(placement, entries.subList(1, entries.size()));
    }

    private static JournalEntry entry(String where, String line) throws IOException {
        JournalEntry.Builder entry = JournalEntry.newBuilder();
        try {
            JsonFormat.parser().merge(line, entry);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException(where + ": not a line of a journal: " + e.getMessage(), e);
        }
        if (entry.getCommandCase() == CommandCase.COMMAND_NOT_SET) {
            throw new IOException(where + ": not a line of a journal: expected a command");
        }
        return entry.build();
    }

    /** The hosts that the run defines, whenever it does. */
    public List<HostSpec> hosts() {
        return commands.stream()
                .filter(JournalEntry::hasDefineHost)
                .map(JournalEntry::getDefineHost)
                .toList();
    }

    /** The virtual time of the last command. */
    public long endNanos() {
        return commands.isEmpty() ? 0 : commands.getLast().getVirtualNanos();
    }

    /**
     * Asks a cluster whose virtual time has not begun for all that the run was asked for, at its times. Completes when all has been
     * asked for and what there was before virtual time began is there; the caller starts the cluster after that.
     */
    public CompletableFuture<Void> into(ClusterControl cluster) {
        CompletableFuture<Void> asked = CompletableFuture.completedFuture(null);
        for (JournalEntry command : commands) {
            // A node may have yet to join, and nothing waits for its hosts; but what followed in the run found them up.
            asked = asked.thenCompose(before -> ask(command, cluster));
        }
        return asked;
    }

    private static CompletableFuture<Void> ask(JournalEntry entry, ClusterControl cluster) {
        if (entry.getVirtualNanos() == 0) {
            CompletableFuture<?> answer = ask(entry.getCommandCase(), entry, cluster);
            return entry.hasDefineHost() ? answer.thenApply(host -> null) : CompletableFuture.completedFuture(null);
        }
        ask(entry.getCommandCase(), entry, cluster.at(entry.getVirtualNanos()));
        return CompletableFuture.completedFuture(null);
    }

    private static CompletableFuture<?> ask(CommandCase command, JournalEntry entry, ClusterControl cluster) {
        return switch (command) {
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
            case SETTINGS, COMMAND_NOT_SET -> throw new IllegalArgumentException("no command: " + command);
        };
    }
}
