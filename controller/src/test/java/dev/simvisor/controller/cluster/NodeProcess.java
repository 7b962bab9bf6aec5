package dev.simvisor.controller.cluster;

import dev.simvisor.node.host.NodeMain;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A node in a JVM of its own. */
final class NodeProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;

    private NodeProcess(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    static NodeProcess start(String name, String join) throws IOException {
        return start(List.of(), NodeMain.class, "--join", join, "--name", name);
    }

    /** Starts a class that is a node, with options for the JVM. */
    static NodeProcess start(List<String> options, Class<?> main, String... arguments) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(
                java,
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return new NodeProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** The next line that it says; waits for it. */
    @Nullable
    String nextLine() throws IOException {
        return output.readLine();
    }

    /** SIGSTOP: the process does nothing more, and does not know; all that it has open stays so. */
    void suspend() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** SIGCONT: the process goes on where it was. */
    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) throw new IOException("no process takes SIG" + name);
    }

    /** SIGKILL: the process gets no chance to say anything. */
    void kill() {
        process.destroyForcibly();
    }

    /** SIGKILL; returns when the process is no more. */
    void killAndAwait() {
        process.destroyForcibly().onExit().join();
    }

    int exitStatus() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the node does not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
