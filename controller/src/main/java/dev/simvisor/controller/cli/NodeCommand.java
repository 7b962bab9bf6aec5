package dev.simvisor.controller.cli;

import dev.simvisor.config.Names;
import dev.simvisor.controller.embedded.NodeProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code simvisor node}. */
@Command(
        name = "node",
        description = "Carries physical hosts of a cluster in this process; ends with the cluster.",
        mixinStandardHelpOptions = true)
final class NodeCommand implements Callable<Integer> {
    private static final String ADDRESS = ".+:[0-9]{1,5}";

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--join",
            paramLabel = "ADDRESS",
            required = true,
            description = "Where the controller takes nodes, HOST:PORT, as simvisor up shows it.")
    private String join = "";

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The node's name, unique in the cluster. Default: one made of the process's number.")
    private @Nullable String name;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "The name or address that other processes reach this one by. Default: ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Override
    public Integer call() throws IOException, CommandFailed {
        if (!join.matches(ADDRESS)) {
            throw new CommandFailed("--join " + join + ": expected HOST:PORT");
        }
        int port = Integer.parseInt(join.substring(join.lastIndexOf(':') + 1));
        if (port == 0 || port > PortNumber.MOST) {
            throw new CommandFailed("--join " + join + ": expected a port from 1 to " + PortNumber.MOST);
        }
        if (name != null && !Names.isName(name)) {
            throw new CommandFailed("--name '" + name + "': expected " + Names.RULE);
        }
        return NodeProcess.run(
                join, name == null ? "node-" + ProcessHandle.current().pid() : name, host, this::say);
    }

    private void say(String line) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
