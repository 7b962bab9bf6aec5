package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The guests of {@code src/test/guest}, built.
 *
 * @param folder where their kernels are
 */
record LoadGuests(Path folder) {
    /** What a guest says when it has run all that it was to run. */
    static final String DONE = "loads done";

    private static final int MEMORY_MIB = 64;

    /**
     * Builds them.
     *
     * @param sources {@code src/test/guest}
     */
    static LoadGuests build(Path sources, Path folder) throws BenchmarkException, IOException, InterruptedException {
        Path log = folder.resolve("guests.log");
        Path script = sources.resolve("build");
        Process build = new ProcessBuilder("sh", script.toString(), folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (build.waitFor() != 0) {
            String reason = Files.readAllLines(log).stream().findFirst().orElse("no reason given");
            throw new BenchmarkException(
                    script + " failed, which needs the Debian packages gcc, gcc-multilib and binutils: " + reason
                            + "; see " + log);
        }
        return new LoadGuests(folder);
    }

    /**
     * One of them.
     *
     * @param width 32 or 64
     * @param commandLine what it is to run
     */
    BenchmarkGuest guest(int width, String commandLine) {
        Path kernel = folder.resolve("loads-" + width + ".elf");
        return new BenchmarkGuest("loads-" + width, "multiboot", kernel, Optional.empty(), commandLine, MEMORY_MIB);
    }
}
