package dev.simvisor.node.cpu.table;

import java.util.Locale;

/** A CPUID feature without which a row's instruction is undefined (SDM Vol 2A CPUID; names as in /proc/cpuinfo). */
public enum Feature {
    X87,
    TSC,
    MSR,
    CX8,
    SEP,
    CMOV,
    CLFLUSH,
    MMX,
    FXSR,
    SSE,
    SSE2,
    SSE3,
    SSSE3,
    CX16,
    MOVBE,
    POPCNT,
    SMAP,
    LAHF_LM,
    SYSCALL,
    RDTSCP;

    private final String key = name().toLowerCase(Locale.ROOT);

    /** The name as CPU models and /proc/cpuinfo write it. */
    public String key() {
        return key;
    }
}
