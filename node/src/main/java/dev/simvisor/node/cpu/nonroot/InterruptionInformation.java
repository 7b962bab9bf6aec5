package dev.simvisor.node.cpu.nonroot;

/**
 * The format that the VM-entry interruption-information field, the VM-exit interruption-information field and the
 * IDT-vectoring information field share (SDM Vol 3C §25.8.3, §25.9.2, §25.9.3): vector in bits 7:0, type in bits 10:8.
 */
public final class InterruptionInformation {
    public static final int NONE = 0;

    public static final int VALID = 1 << 31;
    /** An error code goes with the event. */
    public static final int ERROR_CODE = 1 << 11;

    // Types, in place.
    public static final int EXTERNAL_INTERRUPT = 0;
    public static final int NMI = 2 << 8;
    public static final int HARDWARE_EXCEPTION = 3 << 8;
    public static final int SOFTWARE_INTERRUPT = 4 << 8;
    /** INT1. */
    public static final int PRIVILEGED_SOFTWARE_EXCEPTION = 5 << 8;
    /** INT3 and INTO. */
    public static final int SOFTWARE_EXCEPTION = 6 << 8;

    private static final int TYPE = 7 << 8;

    private InterruptionInformation() {}

    public static int vector(int information) {
        return information & 0xFF;
    }

    /** One of the types above. */
    public static int type(int information) {
        return information & TYPE;
    }

    public static boolean valid(int information) {
        return information < 0;
    }

    /** Whether an instruction, and no event, is what was delivered: executing it again delivers it again. */
    public static boolean isSoftware(int information) {
        return type(information) >= SOFTWARE_INTERRUPT;
    }
}
