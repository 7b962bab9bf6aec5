package dev.simvisor.controller.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one machine has executed, in a file that every process can read and that outlives a killed one: the cycle at which it
 * began to execute, and the one it has come to. Says nothing of who the controller believes to be the owner.
 */
final class Testimony {
    private static final long NEVER = -1;
    private static final int FIRST = 0;
    private static final int LAST = Long.BYTES;

    /**
     * What stands in the file.
     *
     * @param first cycle at which it began to run; -1 when it never did
     * @param last cycle it ran to
     */
    record Reading(String node, long first, long last) {
        boolean hasRun() {
            return first != NEVER;
        }
    }

    private final MappedByteBuffer file;

    private Testimony(MappedByteBuffer file) {
        this.file = file;
    }

    /** Opens a file for a machine of a VM that is about to be built; there may be several per VM and node. */
    static Testimony of(Path folder, String vm, String node) {
        try {
            Path path = Files.createTempFile(folder, vm + " " + node + " ", "");
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MappedByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 2 * Long.BYTES);
                mapped.putLong(FIRST, NEVER);
                mapped.putLong(LAST, NEVER);
                return new Testimony(mapped);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void ran(long fromCycle, long toCycle) {
        if (file.getLong(FIRST) == NEVER) {
            file.putLong(FIRST, fromCycle);
        }
        file.putLong(LAST, toCycle);
    }

    /** The testimonies of all machines that a VM has ever had, in the order of their files' names. */
    static List<Reading> about(Path folder, String vm) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(vm + " "))
                    .sorted()
                    .map(Testimony::read)
                    .toList();
        }
    }

    private static Reading read(Path file) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            String node = file.getFileName().toString().split(" ")[1];
            return new Reading(node, bytes.getLong(FIRST), bytes.getLong(LAST));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
