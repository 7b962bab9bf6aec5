package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Programs of the benchmark that need a JVM to themselves: this JVM's classes, with the options that the distribution has.
 *
 * @param launcher {@code bin/simvisor}, which says what options these are
 * @param folder for files
 */
record OwnJvm(Path launcher, Path folder) {
    /** An option on a line of its own, perhaps quoted, as the launcher gives it to Java. */
    private static final Pattern OPTION = Pattern.compile("^ +\"?(-[^\\s\"]+)\"? \\\\$", Pattern.MULTILINE);

    /** A variable of the launcher's that its options name. */
    private static final Pattern PACKAGE = Pattern.compile("^cpu=(\\S+)$", Pattern.MULTILINE);

    /** Runs one to its end and returns what it printed. */
    String run(Class<?> program, List<String> options, List<String> arguments)
            throws BenchmarkException, IOException, InterruptedException {
        Path errors = folder.resolve(program.getSimpleName() + ".err");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(distributionOptions());
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

    private List<String> distributionOptions() throws BenchmarkException, IOException {
        if (!Files.isReadable(launcher)) {
            throw new BenchmarkException(launcher + " is missing; run: mvn package");
        }
        return options(Files.readString(launcher));
    }

    /** The options that a launcher gives to Java whatever it starts. */
    static List<String> options(String script) throws BenchmarkException {
        Matcher cpu = PACKAGE.matcher(script);
        if (!cpu.find()) throw new BenchmarkException("the launcher does not say which package $cpu is");
        return OPTION.matcher(script)
                .results()
                .map(option -> option.group(1).replace("$cpu", cpu.group(1)))
                .toList();
    }
}
