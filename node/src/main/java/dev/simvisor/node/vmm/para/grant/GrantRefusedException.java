package dev.simvisor.node.vmm.para.grant;

/** A grant that cannot be used as was asked. Guests cause it at will, so it has no stack trace. */
public final class GrantRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final GrantStatus status;

    public GrantRefusedException(GrantStatus status) {
        super(status.name(), null, false, false);
        this.status = status;
    }

    public GrantStatus status() {
        return status;
    }
}
