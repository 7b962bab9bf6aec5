package dev.simvisor.controller.boot;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.EnumSet;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * The terminal this process was started on, in raw mode: every key goes to the guest as it is typed, Ctrl-C too, except for
 * {@link EscapeKeys}. Its former mode comes back however the process ends.
 */
public final class TerminalLine extends StreamLine {
    private final Terminal terminal;

    private TerminalLine(Terminal terminal, InputPump input) {
        super(input, terminal.output());
        this.terminal = terminal;
    }

    /** Whether somebody sits before this process. */
    public static boolean isAttached() {
        return System.console() != null && System.console().isTerminal();
    }

    /** Puts the terminal into raw mode. JLine puts it back when it is closed, which a shutdown hook of its own does at the latest. */
    public static TerminalLine open() throws IOException, InterruptedException {
        // Without asking the terminal what it can do: its answers would be typed to the guest.
        Terminal terminal =
                TerminalBuilder.builder().system(true).graphemeCluster(false).build();
        terminal.enterRawMode();
        Attributes raw = terminal.getAttributes();
        raw.setLocalFlags(EnumSet.of(LocalFlag.ISIG), false);
        raw.setControlChar(ControlChar.VMIN, 1);
        raw.setControlChar(ControlChar.VTIME, 0);
        terminal.setAttributes(raw);
        // Read past JLine, whose own stream cannot be closed while a read waits for a key.
        InputStream keyboard = new FileInputStream(FileDescriptor.in);
        return new TerminalLine(terminal, InputPump.start(keyboard, EscapeKeys.ofTerminal()));
    }

    @Override
    public void close() throws IOException {
        flush();
        terminal.close();
    }
}
