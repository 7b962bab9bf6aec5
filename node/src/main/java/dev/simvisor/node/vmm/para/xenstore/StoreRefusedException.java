package dev.simvisor.node.vmm.para.xenstore;

/** A request that the store refuses, with nothing done. */
public final class StoreRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final StoreError error;

    StoreRefusedException(StoreError error) {
        super(error.name());
        this.error = error;
    }

    public StoreError error() {
        return error;
    }
}
