package dev.simvisor.node.cpu.mmu;

/**
 * An access through {@link PlainMemory} found no entry in the TLB, and was not to walk the paging structures. Nothing was done
 * yet. One instance, without a stack trace, as {@link NotPlainMemoryException}.
 */
public final class TlbMissException extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final TlbMissException INSTANCE = new TlbMissException();

    private TlbMissException() {
        super(null, null, false, false);
    }
}
