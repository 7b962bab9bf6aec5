package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs of the benchmark that need a JVM to themselves: the distribution's options, this JVM's classes. */
final class OwnJvm {
    private OwnJvm() {}

    /** Runs one to its end and returns what it printed. */
    static String run(Path errors, Class<?> program, List<String> options, List<String> arguments)
            throws BenchmarkException, IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseParallelGC", "--enable-native-access=ALL-UNNAMED"));
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.addAll(options);
        command.addAll(List.of("-classpath", System.getProperty("java.class.path"), program.getName()));
        command.addAll(arguments);
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try (InputStream output = process.getInputStream()) {
            String printed = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) return printed;
        } finally {
            process.destroyForcibly();
        }
        String reason =
                Files.readAllLines(errors).stream().reduce((_, last) -> last).orElse("no reason given");
        throw new BenchmarkException(
                program.getSimpleName() + " ended with status " + process.exitValue() + ": " + reason);
    }
}
