package dev.simvisor.node.cpu.system;

/** The parts of a segment selector (SDM Vol 3A §3.4.2). */
final class Selector {
    /** What remains of a selector in an error code: index and table indicator. */
    static final int ERROR_CODE = 0xFFFC;

    private static final int TABLE_INDICATOR = 4;

    private Selector() {}

    /** The first entry of the GDT is never used; a selector of it is null whatever its RPL. */
    static boolean isNull(int selector) {
        return (selector & ERROR_CODE) == 0;
    }

    static int requestedPrivilege(int selector) {
        return selector & 3;
    }

    static boolean isLocal(int selector) {
        return (selector & TABLE_INDICATOR) != 0;
    }

    static int withPrivilege(int selector, int privilege) {
        return selector & ~3 | privilege;
    }
}
