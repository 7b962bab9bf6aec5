package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What CPUID answers (SDM Vol 2A CPUID), register by register. */
public final class Cpuid {
    public static final int EAX = 0;
    public static final int EBX = 1;
    public static final int ECX = 2;
    public static final int EDX = 3;

    private static final int EXTENDED = 0x8000_0000;
    private static final int HIGHEST_EXTENDED = 0x8000_0008;
    private static final int BRAND = 0x8000_0002;

    private static final int APIC_FEATURE = 1 << 9;
    private static final int SYSCALL_FEATURE = 1 << 11;
    private static final long APIC_ENABLED = 1 << 11;

    /** CLFLUSH line of 8 quadwords; one logical processor: where there are more, each is a package of its own. */
    private static final int LINE_AND_COUNT = 8 << 8 | 1 << 16;

    private static final int INITIAL_ID_SHIFT = 24;
    /** Leaf 2: one descriptor byte, FFH, which refers to leaf 4. */
    private static final int SEE_LEAF_4 = 0xFF01;
    /** Leaf 80000006H: 512 KiB of L2, 8-way, lines of 64 bytes. */
    private static final int L2 = 512 << 16 | 6 << 12 | 64;

    private static final int LINEAR_ADDRESS_BITS = 48;
    private static final long MEGAHERTZ = 1_000_000;
    private static final int BUS_MEGAHERTZ = 100;

    private static final int[] VENDOR = words("GenuineIntel", 3);
    private static final int[] BRAND_STRING = words("Simvisor x86-64 processor", 12);

    private Cpuid() {}

    private static int[] words(String text, int count) {
        byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), 4 * count);
        int[] words = new int[count];
        for (int n = 0; n < bytes.length; n++) words[n / 4] |= bytes[n] << 8 * (n % 4);
        return words;
    }

    /** The value that CPUID with EAX = leaf and ECX = subleaf leaves in one register. */
    public static int value(Cpu cpu, int leaf, int subleaf, int register) {
        CpuModel model = cpu.model;
        return switch (answered(model, leaf)) {
            case 0 -> vendor(model, register);
            case 1 -> processor(cpu, register);
            case 2 -> register == EAX ? SEE_LEAF_4 : 0;
            case 4 -> cache(subleaf, register);
            case 6 -> CpuidFeature.bits(model, 6, register);
            case 7 -> subleaf == 0 ? CpuidFeature.bits(model, 7, register) : 0;
            case 0x15 -> crystal(model, register);
            case 0x16 -> frequency(model, register);
            case EXTENDED -> register == EAX ? HIGHEST_EXTENDED : 0;
            case 0x8000_0001 -> extendedFeatures(cpu, register);
            case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> BRAND_STRING[4 * (leaf - BRAND) + register];
            case 0x8000_0006 -> register == ECX ? L2 : 0;
            case 0x8000_0007 -> CpuidFeature.bits(model, 0x8000_0007, register);
            case HIGHEST_EXTENDED -> register == EAX ? LINEAR_ADDRESS_BITS << 8 | model.physicalAddressBits() : 0;
            default -> 0;
        };
    }

    /** A leaf beyond the highest is answered as the highest basic one. */
    private static int answered(CpuModel model, int leaf) {
        boolean basic = leaf >= 0 && leaf <= model.highestLeaf();
        boolean extended = leaf < 0 && leaf <= HIGHEST_EXTENDED;
        return basic || extended ? leaf : model.highestLeaf();
    }

    private static int vendor(CpuModel model, int register) {
        return switch (register) {
            case EAX -> model.highestLeaf();
            case EBX -> VENDOR[0];
            case EDX -> VENDOR[1];
            default -> VENDOR[2];
        };
    }

    private static int processor(Cpu cpu, int register) {
        int features = CpuidFeature.bits(cpu.model, 1, register);
        return switch (register) {
            case EAX -> cpu.model.signature();
            case EBX -> LINE_AND_COUNT | cpu.interruptController.initialId() << INITIAL_ID_SHIFT;
            // The APIC bit follows IA32_APIC_BASE (SDM Vol 3A §11.4.3).
            case EDX -> (cpu.interruptController.apicBase() & APIC_ENABLED) != 0 ? features : features & ~APIC_FEATURE;
            default -> features;
        };
    }

    /** Intel's processors show SYSCALL in 64-bit mode only. */
    private static int extendedFeatures(Cpu cpu, int register) {
        int features = CpuidFeature.bits(cpu.model, 0x8000_0001, register);
        return register == EDX && cpu.codeSize != 64 ? features & ~SYSCALL_FEATURE : features;
    }

    /** Deterministic cache parameters: 32 KiB L1 of each kind, 512 KiB L2, all 8-way with lines of 64 bytes. */
    private static int cache(int subleaf, int register) {
        return switch (subleaf) {
            case 0 -> cache(1, 1, 64, register);
            case 1 -> cache(2, 1, 64, register);
            case 2 -> cache(3, 2, 1024, register);
            default -> 0;
        };
    }

    /** {@code type}: 1 data, 2 instructions, 3 unified. */
    private static int cache(int type, int level, int sets, int register) {
        int selfInitializing = 1 << 8;
        return switch (register) {
            case EAX -> type | level << 5 | selfInitializing;
            case EBX -> (8 - 1) << 22 | (64 - 1);
            case ECX -> sets - 1;
            default -> 0;
        };
    }

    /** The crystal, which also drives the local APIC's timer, runs at the rate of the time-stamp counter: ratio 1 to 1. */
    private static int crystal(CpuModel model, int register) {
        return switch (register) {
            case EAX, EBX -> 1;
            case ECX -> (int) model.clockHertz();
            default -> 0;
        };
    }

    private static int frequency(CpuModel model, int register) {
        return switch (register) {
            case EAX, EBX -> (int) Math.max(1, model.clockHertz() / MEGAHERTZ);
            case ECX -> BUS_MEGAHERTZ;
            default -> 0;
        };
    }
}
