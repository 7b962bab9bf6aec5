package dev.simvisor.controller.cluster;

import dev.simvisor.proto.node.HostCommand;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The last commands to type on a console. Only what comes while a VM is handed over is ever wanted again, and a VM takes no
 * more than some 1 MiB that its guest has not read: who types on, for however long, must not fill the controller's memory.
 */
final class TypedLately {
    static final int MOST_BYTES = 4 << 20;

    private final Deque<HostCommand> commands = new ArrayDeque<>();
    private long bytes;

    /** Forgets the oldest that are not of the last {@value #MOST_BYTES} bytes. */
    void add(HostCommand command) {
        commands.add(command);
        bytes += size(command);
        while (bytes - size(commands.element()) >= MOST_BYTES) {
            bytes -= size(commands.remove());
        }
    }

    private static int size(HostCommand command) {
        return command.getSerializedSize();
    }

    /** Those with larger numbers, in their order. */
    List<HostCommand> after(long number) {
        return commands.stream().filter(command -> command.getNumber() > number).toList();
    }

    void clear() {
        commands.clear();
        bytes = 0;
    }
}
