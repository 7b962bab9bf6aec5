package dev.simvisor.node.vmm.para.backend;

/** What a front end says of itself does not lead to a connection. The message goes to the store. */
final class ConnectionRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    ConnectionRefusedException(String message) {
        super(message);
    }
}
