package dev.simvisor.node.cpu.softfloat;

/** How two floating-point numbers compare. */
public enum Ordering {
    /** The first is less than the second. */
    LESS,
    /** They are equal; zeroes of either sign are. */
    EQUAL,
    /** The first is greater than the second. */
    GREATER,
    /** At least one is a NaN. */
    UNORDERED
}
