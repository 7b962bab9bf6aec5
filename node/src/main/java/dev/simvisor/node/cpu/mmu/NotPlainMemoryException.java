package dev.simvisor.node.cpu.mmu;

/**
 * An access through {@link PlainMemory} would have done more than load or store bytes of memory. Nothing was done yet. One
 * instance, without a stack trace: it only leads back to whoever can do the access in full.
 */
public final class NotPlainMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final NotPlainMemoryException INSTANCE = new NotPlainMemoryException();

    private NotPlainMemoryException() {
        super(null, null, false, false);
    }
}
