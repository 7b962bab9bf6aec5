package dev.simvisor.controller.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for unfinished work that goes away when closed or when the JVM ends, whichever is first. */
final class WorkFolder implements AutoCloseable {
    private static final String PREFIX = ".fetch-";

    private final Path path;
    private final Thread atExit;

    private WorkFolder(Path path) {
        this.path = path;
        this.atExit = new Thread(() -> deleteTree(path), "delete " + path.getFileName());
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Makes an empty work folder below {@code parent} and removes those of processes that were killed. */
    static WorkFolder create(Path parent) throws IOException {
        for (Path left : leftBehind(parent)) {
            deleteTree(left);
        }
        long pid = ProcessHandle.current().pid();
        return new WorkFolder(Files.createTempDirectory(parent, PREFIX + pid + "-"));
    }

    private static List<Path> leftBehind(Path parent) throws IOException {
        try (Stream<Path> entries = Files.list(parent)) {
            return entries.filter(entry -> entry.getFileName().toString().matches("\\.fetch-\\d{1,18}-.*"))
                    .filter(entry -> ProcessHandle.of(ownerOf(entry)).isEmpty())
                    .toList();
        }
    }

    private static long ownerOf(Path entry) {
        return Long.parseLong(
                entry.getFileName().toString().substring(PREFIX.length()).split("-", 2)[0]);
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        deleteTree(path);
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            // The hook is running already and finds nothing left to do.
        }
    }

    /** Deletes what it can: at exit, a thread that still writes may put a file where one was just removed. */
    private static void deleteTree(Path tree) {
        for (int attempt = 0; attempt < 3 && Files.exists(tree); attempt++) {
            try (Stream<Path> paths = Files.walk(tree)) {
                for (Path entry : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(entry);
                }
            } catch (IOException | UncheckedIOException changing) {
                Thread.yield();
            }
        }
    }
}
