package dev.simvisor.node.vmm.para.ring;

/** A guest's ring breaks the rules of its protocol: what is on it cannot be understood any more. */
public final class MalformedRingException extends Exception {
    private static final long serialVersionUID = 1L;

    public MalformedRingException(String message) {
        super(message);
    }
}
