package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.ShutdownRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/** {@code simvisor up} on a thread of this process. Closing it asks it to end and expects that it does so well. */
final class RunningUp implements AutoCloseable {
    private static final String SERVING = " on ";

    private final CompletableFuture<Integer> status;
    private final List<String> lines = new ArrayList<>();
    private final String address;

    private RunningUp(CompletableFuture<Integer> status, BufferedReader output) throws IOException {
        this.status = status;
        String line = output.readLine();
        while (line != null && !line.startsWith("serving ")) {
            lines.add(line);
            line = output.readLine();
        }
        assertThat(line).as("what simvisor up said after %s", lines).isNotNull();
        address = line.substring(line.indexOf(SERVING) + SERVING.length());
    }

    /** Starts it on a port of its own and waits until it serves. */
    static RunningUp start(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("up", "--port", "0"));
        arguments.addAll(List.of(options));
        PipedReader reader = new PipedReader();
        PrintWriter output = new PrintWriter(new PipedWriter(reader), true);
        CompletableFuture<Integer> status = CompletableFuture.supplyAsync(
                () -> {
                    String[] command = arguments.toArray(String[]::new);
                    CommandLine up = Main.commandLine(command);
                    try (output) {
                        return up.setOut(output).execute(command);
                    }
                },
                task -> Thread.ofPlatform().daemon().name("simvisor up").start(task));
        return new RunningUp(status, new BufferedReader(reader));
    }

    /** What it said before it served. */
    List<String> said() {
        return List.copyOf(lines);
    }

    String address() {
        return address;
    }

    /** Runs a verb against it. */
    Invocation run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--server", address));
        return Invocation.of(all.toArray(String[]::new));
    }

    /** Runs a verb that must succeed; what it said. */
    String succeeds(String... arguments) {
        Invocation invocation = run(arguments);
        assertThat(invocation.errors()).isEmpty();
        assertThat(invocation.status()).isZero();
        return invocation.output();
    }

    /** Runs a verb that must be refused; its one line without the newline. */
    String refused(String... arguments) {
        Invocation invocation = run(arguments);
        assertThat(invocation.status()).isNotZero();
        assertThat(invocation.output()).isEmpty();
        assertThat(invocation.errors().lines()).hasSize(1);
        return invocation.errors().strip();
    }

    @Override
    public void close() throws Exception {
        try (ApiClient api = ApiClient.to(address)) {
            var _ = api.cluster().shutdown(ShutdownRequest.getDefaultInstance());
        }
        assertThat(status.get(30, TimeUnit.SECONDS)).isZero();
    }
}
