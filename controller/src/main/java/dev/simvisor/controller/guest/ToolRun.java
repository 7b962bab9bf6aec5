package dev.simvisor.controller.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A command of the system to be run in the C locale: its output line by line, its failure as a {@link GuestException}. */
record ToolRun(List<String> command) {
    ToolRun {
        command = List.copyOf(command);
    }

    static ToolRun of(String... command) {
        return new ToolRun(List.of(command));
    }

    ToolRun with(String... more) {
        return with(List.of(more));
    }

    ToolRun with(List<String> more) {
        return new ToolRun(Stream.concat(command.stream(), more.stream()).toList());
    }

    /** Runs the command in {@code folder} to its end and hands each line of its output to {@code onLine}. */
    void run(Path folder, Consumer<String> onLine) throws GuestException {
        try {
            Path errors = Files.createTempFile(folder, "stderr", ".txt");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectError(errors.toFile());
            builder.environment().put("LC_ALL", "C");
            int status = finish(builder.start(), onLine);
            if (status != 0) {
                throw new GuestException(name() + " failed (status " + status + "): " + complaint(errors));
            }
            Files.delete(errors);
        } catch (IOException failed) {
            throw new GuestException("cannot run " + command.getFirst() + ": " + failed.getMessage(), failed);
        }
    }

    private int finish(Process process, Consumer<String> onLine) throws IOException, GuestException {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                onLine.accept(line);
            }
            return process.waitFor();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new GuestException(name() + " interrupted", stopped);
        } finally {
            process.destroy();
        }
    }

    private String name() {
        return Path.of(command.getFirst()).getFileName().toString();
    }

    /** apt marks its errors with "E:"; other tools end with what went wrong. */
    private static String complaint(Path errors) throws IOException {
        List<String> lines = Files.readAllLines(errors);
        return lines.stream()
                .filter(line -> line.startsWith("E: "))
                .map(line -> line.substring("E: ".length()))
                .findFirst()
                .orElseGet(() -> lines.isEmpty() ? "no message" : lines.getLast());
    }
}
