package dev.simvisor.node.vmm.para.hypercall;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hypercalls that there are, by number. */
public final class HypercallTable {
    private static final int NUMBERS = 64;

    private final @Nullable Hypercall[] byNumber = new @Nullable Hypercall[NUMBERS];

    public HypercallTable(List<Hypercall> hypercalls) {
        for (Hypercall hypercall : hypercalls) {
            if (byNumber[hypercall.number()] != null) {
                throw new IllegalArgumentException("two hypercalls of number " + hypercall.number());
            }
            byNumber[hypercall.number()] = hypercall;
        }
    }

    /** Null if there is none of that number. */
    public @Nullable Hypercall find(long number) {
        return number >= 0 && number < NUMBERS ? byNumber[(int) number] : null;
    }
}
