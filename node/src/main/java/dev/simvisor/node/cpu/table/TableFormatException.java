package dev.simvisor.node.cpu.table;

/** The instruction table does not say something sensible; the message starts with file and line. */
public final class TableFormatException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TableFormatException(String message) {
        super(message);
    }
}
