package dev.simvisor.node.machine.device.debug;

import java.util.function.IntConsumer;

/**
 * The debug console and the debug exit, as emulators for testing have them. Reading the console's port yields E9h, which
 * tells a guest that it is there. Both are without state.
 */
public final class DebugPorts {
    private static final int CONSOLE_PRESENT = 0xE9;

    private final IntConsumer console;
    private final IntConsumer exit;

    /**
     * @param console takes each byte written, 0 to 255
     * @param exit takes the status of a guest that ends itself
     */
    public DebugPorts(IntConsumer console, IntConsumer exit) {
        this.console = console;
        this.exit = exit;
    }

    public int readConsole() {
        return CONSOLE_PRESENT;
    }

    public void writeConsole(int value) {
        console.accept(value);
    }

    /** The status that the process ends with is {@code value << 1 | 1}, so never 0. */
    public void writeExit(int value) {
        exit.accept(value << 1 | 1);
    }
}
