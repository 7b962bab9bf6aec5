package dev.simvisor.controller.embedded;

import dev.simvisor.node.host.NodeMain;
import dev.simvisor.node.vmm.HostedMachines;
import java.io.IOException;
import java.util.function.Consumer;

/** This process as a node of a cluster whose controller is another process. */
public final class NodeProcess {
    private NodeProcess() {}

    /**
     * Runs until the cluster ends.
     *
     * @param join where the controller is, host:port
     * @param name of the node, unique in the cluster
     * @param host name or address that others reach this process by
     * @param output gets one line when the node is part of the cluster
     * @return the exit status
     * @throws IOException when the host gives no port to listen on
     */
    public static int run(String join, String name, String host, Consumer<String> output) throws IOException {
        return NodeMain.run(new NodeMain.Options(join, name, host), HostedMachines::new, output);
    }
}
