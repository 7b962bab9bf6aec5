package dev.simvisor.node.host;

import dev.simvisor.proto.node.VmConsole;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;

/**
 * The answer to a window in messages that the connection's frames hold. How much its guests say in a window is for them to
 * decide, and a message that is too large would never arrive.
 */
final class WindowParts {
    /** Half of what a frame holds: the last message carries more than consoles. */
    static final int MOST_CONSOLE_BYTES = 4 << 20;

    /** A console's bytes in one piece. */
    static final int MOST_PIECE_BYTES = 1 << 20;

    private WindowParts() {}

    /** Messages that begin with consoles alone; the last has the rest. */
    static List<WindowDone> of(WindowDone done) {
        List<WindowDone> parts = new ArrayList<>();
        List<VmConsole> consoles = new ArrayList<>();
        int bytes = 0;
        for (VmConsole piece : pieces(done.getConsolesList())) {
            int more = piece.getSerializedSize();
            if (bytes + more > MOST_CONSOLE_BYTES) {
                parts.add(part(done, consoles));
                consoles.clear();
                bytes = 0;
            }
            consoles.add(piece);
            bytes += more;
        }
        parts.add(done.toBuilder().clearConsoles().addAllConsoles(consoles).build());
        return parts;
    }

    private static WindowDone part(WindowDone done, List<VmConsole> consoles) {
        return WindowDone.newBuilder()
                .setHost(done.getHost())
                .setWindow(done.getWindow())
                .addAllConsoles(consoles)
                .setMore(true)
                .build();
    }

    private static List<VmConsole> pieces(List<VmConsole> consoles) {
        List<VmConsole> pieces = new ArrayList<>();
        for (VmConsole console : consoles) {
            int size = console.getBytes().size();
            int from = 0;
            while (size - from > MOST_PIECE_BYTES) {
                pieces.add(piece(console, from, from + MOST_PIECE_BYTES));
                from += MOST_PIECE_BYTES;
            }
            pieces.add(from == 0 ? console : piece(console, from, size));
        }
        return pieces;
    }

    private static VmConsole piece(VmConsole console, int from, int to) {
        return console.toBuilder()
                .setOffset(console.getOffset() + from)
                .setBytes(console.getBytes().substring(from, to))
                .build();
    }
}
