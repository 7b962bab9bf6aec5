package dev.simvisor.controller.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.JournalEntry;
import dev.simvisor.proto.api.JournalEntry.CommandCase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run that a {@link Journal} tells of, to be repeated by a cluster of no hosts that places VMs the same way. The same happens
 * at the same virtual times, provided that what comes from outside is as it was: kernels, snapshots that are restored, disks. A host
 * that died with its node dies at the same time; when the source of a migration to it saw the stream break is not known, though.
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
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": a folder: expected a journal");
        }
        List<String> lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
        List<JournalEntry> entries = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            entries.add(entry(lines.get(i), i == 0 ? null : entries.getLast(), file + ":" + (i + 1)));
        }
        String label =
                entries.isEmpty() ? "" : entries.removeFirst().getSettings().getPlacement();
        FitPlacement placement = FitPlacement.labelled(label)
                .orElseThrow(() -> new IOException(file + ":1: there is no placement \"" + label + "\""));
        return new Replay(placement, entries);
    }

    private static JournalEntry entry(String line, @Nullable JournalEntry before, String where) throws IOException {
        JournalEntry.Builder entry = JournalEntry.newBuilder();
        try {
            JsonFormat.parser().merge(line, entry);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException(where + ": not a line of a journal: expected one command, as JSON", e);
        }
        if (before == null != entry.hasSettings()) {
            throw new IOException(where + ": expected the settings of the run, in the first line and in no other");
        }
        if (entry.getCommandCase() == CommandCase.COMMAND_NOT_SET) {
            throw new IOException(where + ": not a line of a journal: expected a command");
        }
        long least = before == null ? 0 : before.getVirtualNanos();
        if (entry.getVirtualNanos() < least) {
            throw new IOException(where + ": at " + entry.getVirtualNanos() + " ns: expected at least " + least
                    + ", as commands are in the order in which they took effect");
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
     *
     * @param refused told of each command that is refused, in one line; in the run at most its host refused it
     */
    public CompletableFuture<Void> into(ClusterControl cluster, Consumer<String> refused) {
        CompletableFuture<Void> asked = CompletableFuture.completedFuture(null);
        for (JournalEntry command : commands) {
            // A node may have yet to join, and nothing waits for its hosts; but what followed in the run found them up.
            asked = asked.thenCompose(before -> ask(command, cluster, refused));
        }
        return asked;
    }

    private static CompletableFuture<Void> ask(JournalEntry entry, ClusterControl cluster, Consumer<String> refused) {
        long nanos = entry.getVirtualNanos();
        CompletableFuture<?> answer = ask(entry.getCommandCase(), entry, nanos == 0 ? cluster : cluster.at(nanos));
        if (entry.hasDefineHost() && nanos == 0) {
            return answer.thenApply(host -> null);
        }
        var _ = answer.exceptionally(refusal -> {
            refused.accept(String.format(Locale.ROOT, "at %.3f s: %s", nanos / 1e9, refusal.getMessage()));
            return null;
        });
        return CompletableFuture.completedFuture(null);
    }

    private static CompletableFuture<?> ask(CommandCase command, JournalEntry entry, ClusterControl cluster) {
        return switch (command) {
            case DEFINE_HOST -> cluster.defineHost(entry.getDefineHost());
            case DRAIN ->
                cluster.drain(entry.getDrain().getHost(), entry.getDrain().getParameters());
            case FAIL_HOST -> cluster.failHost(entry.getFailHost().getHost());
            case LOSE_HOST -> {
                cluster.loseHost(entry.getLoseHost());
                yield CompletableFuture.completedFuture(null);
            }
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
