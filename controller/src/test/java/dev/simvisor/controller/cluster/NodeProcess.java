package dev.simvisor.controller.cluster;

import dev.simvisor.node.host.NodeMain;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node in a JVM of its own. */
final class NodeProcess implements AutoCloseable {
    private final Process process;

    private NodeProcess(Process process) {
        this.process = process;
    }

    static NodeProcess start(String name, String join) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new NodeProcess(new ProcessBuilder(List.of(
                        java,
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NodeMain.class.getName(),
                        "--join",
                        join,
                        "--name",
                        name))
                .inheritIO()
                .start());
    }

    /** SIGKILL: the process gets no chance to say anything. */
    void kill() {
        process.destroyForcibly();
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
