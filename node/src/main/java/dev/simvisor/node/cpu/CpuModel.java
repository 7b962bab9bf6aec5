package dev.simvisor.node.cpu;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a processor is: the signature and the features that CPUID shows and the decoder obeys.
 *
 * @param name the catalogue's name
 * @param signature family, model and stepping as CPUID leaf 1 gives them in EAX
 * @param features CPUID feature names in lower case, as the instruction table uses them
 * @param highestLeaf the highest basic leaf that CPUID answers
 * @param physicalAddressBits MAXPHYADDR
 * @param clockHertz rate of the time-stamp counter and of the local APIC's timer, at most 2^32 - 1, which is what CPUID can
 *     tell
 */
public record CpuModel(
        String name, int signature, Set<String> features, int highestLeaf, int physicalAddressBits, long clockHertz) {
    /**
     * What this simulator executes, and nothing it does not. The signature is that of the last Bonnell stepping, family 6,
     * model 1CH, stepping 10: an in-order design, as this one is, so that operating systems see no speculation to mitigate.
     */
    public static final CpuModel BASELINE = new CpuModel(
            "baseline",
            0x106CA,
            Set.of(
                    "x87",
                    "de",
                    "pse",
                    "tsc",
                    "msr",
                    "pae",
                    "mce",
                    "cx8",
                    "apic",
                    "sep",
                    "mtrr",
                    "pge",
                    "cmov",
                    "pat",
                    "clflush",
                    "mmx",
                    "fxsr",
                    "sse",
                    "sse2",
                    "cx16",
                    "movbe",
                    "popcnt",
                    "tsc_deadline_timer",
                    "arat",
                    "tsc_adjust",
                    "smep",
                    "smap",
                    "lahf_lm",
                    "syscall",
                    "nx",
                    "rdtscp",
                    "lm",
                    "constant_tsc"),
            0x16,
            40,
            1_000_000_000L);

    /**
     * An early 64-bit processor of Intel's, from before POPCNT, LAHF in 64-bit mode, RDTSCP, SMEP and SMAP, an invariant
     * time-stamp counter and a timer with deadlines: the Pentium 4 640 (Prescott 2M, stepping N0, 2005), in so far as this
     * simulator executes what that one offers. Signature, features, highest leaf and address bits are those of a dump of
     * its CPUID (libcpuid, tests/intel/x86-64/netburst/intel-pentium-4-640.test).
     */
    public static final CpuModel PENTIUM_4 = new CpuModel(
            "pentium-4",
            0xF43,
            Set.of(
                    "x87", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "sep", "mtrr", "pge", "cmov", "pat",
                    "clflush", "mmx", "fxsr", "sse", "sse2", "cx16", "syscall", "nx", "lm"),
            5,
            36,
            1_000_000_000L);

    /** Every model there is, by name. */
    public static final List<CpuModel> CATALOGUE = List.of(BASELINE, PENTIUM_4);

    private static final long HIGHEST_CLOCK = 0xFFFF_FFFFL;

    public CpuModel {
        features = Set.copyOf(features);
        if (clockHertz <= 0 || clockHertz > HIGHEST_CLOCK) {
            throw new IllegalArgumentException("clock rate " + clockHertz + " Hz: expected 1 to " + HIGHEST_CLOCK);
        }
    }

    /** The model of this name in the catalogue, empty meaning {@code baseline}. */
    public static Optional<CpuModel> named(String name) {
        String wanted = name.isEmpty() ? BASELINE.name : name;
        return CATALOGUE.stream().filter(model -> model.name.equals(wanted)).findFirst();
    }

    /** Why {@link #named} has nothing for the name: one line. */
    public static String refusal(String name) {
        return "unknown CPU model '" + name + "': expected one of " + String.join(", ", names());
    }

    /** The names that {@link #named} knows. */
    public static List<String> names() {
        return CATALOGUE.stream().map(CpuModel::name).toList();
    }

    public CpuModel withClockHertz(long hertz) {
        return new CpuModel(name, signature, features, highestLeaf, physicalAddressBits, hertz);
    }

    public boolean has(String feature) {
        return features.contains(feature);
    }

    public boolean gigabytePages() {
        return has("pdpe1gb");
    }
}
