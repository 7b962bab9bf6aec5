package dev.simvisor.node.host;

import dev.simvisor.proto.node.EthernetFrame;
import dev.simvisor.proto.node.VmConsole;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;

/**
 * The answer to a window in messages that the connection's frames hold. How much its guests say and send in a window is for
 * them to decide, and a message that is too large would never arrive.
 */
final class WindowParts {
    /** Half of what a frame holds: the last message carries more than consoles and Ethernet frames. */
    static final int MOST_BYTES = 4 << 20;

    /** A console's bytes in one piece. */
    static final int MOST_PIECE_BYTES = 1 << 20;

    private WindowParts() {}

    /** Messages that begin with consoles and Ethernet frames alone; the last has the rest. */
    static List<WindowDone> of(WindowDone done) {
        List<WindowDone> parts = new ArrayList<>();
        WindowDone.Builder part = part(done);
        int bytes = 0;
        for (VmConsole piece : pieces(done.getConsolesList())) {
            if (bytes + piece.getSerializedSize() > MOST_BYTES) {
                parts.add(part.build());
                part = part(done);
                bytes = 0;
            }
            part.addConsoles(piece);
            bytes += piece.getSerializedSize();
        }
        for (EthernetFrame frame : done.getFramesList()) {
            if (bytes + frame.getSerializedSize() > MOST_BYTES) {
                parts.add(part.build());
                part = part(done);
                bytes = 0;
            }
            part.addFrames(frame);
            bytes += frame.getSerializedSize();
        }
        parts.add(done.toBuilder()
                .clearConsoles()
                .addAllConsoles(part.getConsolesList())
                .clearFrames()
                .addAllFrames(part.getFramesList())
                .build());
        return parts;
    }

    private static WindowDone.Builder part(WindowDone done) {
        return WindowDone.newBuilder()
                .setHost(done.getHost())
                .setWindow(done.getWindow())
                .setMore(true);
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
