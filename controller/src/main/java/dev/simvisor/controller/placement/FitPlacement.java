package dev.simvisor.controller.placement;

import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.VmSpec;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The classic strategies of bin packing, by memory. */
public enum FitPlacement implements Placement {
    /** The first host that has room. */
    FIRST_FIT("first-fit"),
    /** The host that is left with the least memory. */
    BEST_FIT("best-fit"),
    /** The host that is left with the most memory. */
    WORST_FIT("worst-fit");

    private final String label;

    FitPlacement(String label) {
        this.label = label;
    }

    @Override
    public String label() {
        return label;
    }

    /** The strategy of that label. */
    public static Optional<FitPlacement> labelled(String label) {
        for (FitPlacement placement : values()) {
            if (placement.label.equals(label)) {
                return Optional.of(placement);
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<String> choose(VmSpec vm, List<Host> candidates) {
        Comparator<Host> byFreeMemory = Comparator.comparingLong(FitPlacement::freeBytes);
        Optional<Host> chosen = switch (this) {
            case FIRST_FIT -> candidates.stream().findFirst();
            case BEST_FIT -> candidates.stream().min(byFreeMemory);
            case WORST_FIT -> candidates.stream().reduce((a, b) -> freeBytes(b) > freeBytes(a) ? b : a);
        };
        return chosen.map(host -> host.getSpec().getName());
    }

    private static long freeBytes(Host host) {
        return host.getSpec().getMemoryBytes() - host.getMemoryReservedBytes();
    }
}
