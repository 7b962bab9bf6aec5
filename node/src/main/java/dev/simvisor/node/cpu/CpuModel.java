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
 * @param physicalAddressBits MAXPHYADDR
 * @param clockHertz rate of the time-stamp counter and of the local APIC's timer, at most 2^32 - 1, which is what CPUID can
 *     tell
 */
public record CpuModel(String name, int signature, Set<String> features, int physicalAddressBits, long clockHertz) {
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
            40,
            1_000_000_000L);

    private static final List<CpuModel> CATALOGUE = List.of(BASELINE);
    private static final long HIGHEST_CLOCK = 0xFFFF_FFFFL;

    public CpuModel {
        features = Set.copyOf(features);
        if (clockHertz <= 0 || clockHertz > HIGHEST_CLOCK) {
            throw new IllegalArgumentException("clock rate " + clockHertz + " Hz: expected 1 to " + HIGHEST_CLOCK);
        }
    }

    /** The model of this name in the catalogue. */
    public static Optional<CpuModel> named(String name) {
        return CATALOGUE.stream().filter(model -> model.name.equals(name)).findFirst();
    }

    /** The names that {@link #named} knows. */
    public static List<String> names() {
        return CATALOGUE.stream().map(CpuModel::name).toList();
    }

    public CpuModel withClockHertz(long hertz) {
        return new CpuModel(name, signature, features, physicalAddressBits, hertz);
    }

    public boolean has(String feature) {
        return features.contains(feature);
    }

    public boolean gigabytePages() {
        return has("pdpe1gb");
    }
}
