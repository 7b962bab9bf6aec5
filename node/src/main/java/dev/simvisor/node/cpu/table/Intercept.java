package dev.simvisor.node.cpu.table;

/**
 * As what an instruction is looked at in non-root operation before it executes, to find out whether it leaves for a VMM
 * (SDM Vol 3C §26.1.2, §26.1.3).
 */
public enum Intercept {
    CPUID,
    HLT,
    INVD,
    WBINVD,
    INVLPG,
    RDPMC,
    RDTSC,
    RDTSCP,
    RDMSR,
    WRMSR,
    MOV_TO_CR,
    MOV_FROM_CR,
    CLTS,
    MOV_TO_DR,
    MOV_FROM_DR,
    IN,
    OUT,
    INS,
    OUTS,
    /** LGDT, LIDT, SGDT and SIDT. */
    GDTR_OR_IDTR,
    /** LLDT, LTR, SLDT and STR. */
    LDTR_OR_TR
}
