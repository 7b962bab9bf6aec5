package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.CpuModel;
import java.util.Locale;

/** Where CPUID shows a feature (SDM Vol 2A CPUID). Names as in {@link CpuModel#features}, in upper case. */
enum CpuidFeature {
    X87(1, Cpuid.EDX, 0),
    DE(1, Cpuid.EDX, 2),
    PSE(1, Cpuid.EDX, 3),
    TSC(1, Cpuid.EDX, 4),
    MSR(1, Cpuid.EDX, 5),
    PAE(1, Cpuid.EDX, 6),
    MCE(1, Cpuid.EDX, 7),
    CX8(1, Cpuid.EDX, 8),
    APIC(1, Cpuid.EDX, 9),
    SEP(1, Cpuid.EDX, 11),
    MTRR(1, Cpuid.EDX, 12),
    PGE(1, Cpuid.EDX, 13),
    CMOV(1, Cpuid.EDX, 15),
    PAT(1, Cpuid.EDX, 16),
    CLFLUSH(1, Cpuid.EDX, 19),
    MMX(1, Cpuid.EDX, 23),
    FXSR(1, Cpuid.EDX, 24),
    SSE(1, Cpuid.EDX, 25),
    SSE2(1, Cpuid.EDX, 26),
    SSE3(1, Cpuid.ECX, 0),
    SSSE3(1, Cpuid.ECX, 9),
    CX16(1, Cpuid.ECX, 13),
    MOVBE(1, Cpuid.ECX, 22),
    POPCNT(1, Cpuid.ECX, 23),
    TSC_DEADLINE_TIMER(1, Cpuid.ECX, 24),
    ARAT(6, Cpuid.EAX, 2),
    TSC_ADJUST(7, Cpuid.EBX, 1),
    SMEP(7, Cpuid.EBX, 7),
    SMAP(7, Cpuid.EBX, 20),
    LAHF_LM(0x8000_0001, Cpuid.ECX, 0),
    SYSCALL(0x8000_0001, Cpuid.EDX, 11),
    NX(0x8000_0001, Cpuid.EDX, 20),
    PDPE1GB(0x8000_0001, Cpuid.EDX, 26),
    RDTSCP(0x8000_0001, Cpuid.EDX, 27),
    LM(0x8000_0001, Cpuid.EDX, 29),
    CONSTANT_TSC(0x8000_0007, Cpuid.EDX, 8);

    private static final CpuidFeature[] ALL = values();

    private final int leaf;
    private final int register;
    private final int bit;
    private final String key = name().toLowerCase(Locale.ROOT);

    CpuidFeature(int leaf, int register, int bit) {
        this.leaf = leaf;
        this.register = register;
        this.bit = bit;
    }

    /** The bits of the model's features in one register of a leaf (and its subleaf 0). */
    static int bits(CpuModel model, int leaf, int register) {
        int bits = 0;
        for (CpuidFeature feature : ALL) {
            if (feature.leaf == leaf && feature.register == register && model.has(feature.key))
                bits |= 1 << feature.bit;
        }
        return bits;
    }
}
