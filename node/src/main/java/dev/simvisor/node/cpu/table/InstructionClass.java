package dev.simvisor.node.cpu.table;

/** How an instruction stands to virtualization (Popek and Goldberg 1974; Robin and Irvine 2000). */
public enum InstructionClass {
    /** Neither reads nor changes state that a VMM must own. */
    ORDINARY,
    /** Traps outside ring 0 (or, for I/O and the interrupt flag, above IOPL). */
    PRIVILEGED,
    /** Sensitive but does not trap: one of Robin and Irvine's seventeen, or IRET, which fails as POPF and RET do. */
    CRITICAL
}
