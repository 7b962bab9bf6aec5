package dev.simvisor.node.cpu;

import java.util.Set;

/**
 * What a processor is: the signature and the features that CPUID shows and the decoder obeys.
 *
 * @param name the catalogue's name
 * @param signature family, model and stepping as CPUID leaf 1 gives them in EAX
 * @param features CPUID feature names in lower case, as the instruction table uses them
 * @param physicalAddressBits MAXPHYADDR
 * @param clockHertz rate of the time-stamp counter
 */
public record CpuModel(String name, int signature, Set<String> features, int physicalAddressBits, long clockHertz) {
    public CpuModel {
        features = Set.copyOf(features);
    }

    public boolean has(String feature) {
        return features.contains(feature);
    }

    public boolean gigabytePages() {
        return has("pdpe1gb");
    }
}
