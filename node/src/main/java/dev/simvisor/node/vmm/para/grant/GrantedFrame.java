package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.ring.SharedPage;

/** A frame in use by its grant, until it is closed. */
public final class GrantedFrame implements AutoCloseable {
    private final GrantTable table;
    private final int reference;
    private final long mfn;
    private final boolean writable;
    private boolean closed;

    GrantedFrame(GrantTable table, int reference, long mfn, boolean writable) {
        this.table = table;
        this.reference = reference;
        this.mfn = mfn;
        this.writable = writable;
    }

    public long mfn() {
        return mfn;
    }

    public boolean isWritable() {
        return writable;
    }

    /** The contents, to be written only if the grant was opened so. */
    public SharedPage page() {
        return table.page(mfn);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            table.release(reference, writable);
        }
    }
}
