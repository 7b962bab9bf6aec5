package dev.simvisor.node.cpu.table;

/** What a row says beyond its operands. */
public enum Attribute {
    /** LOCK is legal when the first operand is in memory. */
    LOCK,
    /** Invalid in 64-bit mode. */
    I64,
    /** Exists in 64-bit mode only. */
    O64,
    /** The operand size defaults to 64 in 64-bit mode; 66H makes it 16. */
    D64,
    /** The operand size is 64 in 64-bit mode, whatever the prefixes. */
    F64,
    /** A string instruction that REP repeats. */
    REP,
    /** A string instruction that REPE and REPNE repeat. */
    REPZ,
    /** The ModRM byte must name memory. */
    MEM,
    /** The ModRM byte must name a register. */
    REG,
    /** Ends a decoded block: control transfers, and what may change mode, mapping, interrupt flag, privilege or ports. */
    END,
    /** Undefined in real and virtual-8086 mode. */
    PROT,
    /** #GP(0) unless at privilege level 0. */
    CPL0,
    /** Each 64-bit half of the operands is computed alone, by the same method. */
    LANES,
    /** A 16-byte memory operand must be aligned to 16 bytes, else #GP(0). */
    ALIGNED,
    /** Floating-point exceptions accumulate in MXCSR; unmasked ones are raised before anything is stored. */
    MXCSR,
    /** An x87 instruction that does not raise a pending floating-point exception. */
    NOWAIT,
    /** The alternatives of the mnemonic belong to address sizes instead of operand sizes. */
    BYADDRESS
}
