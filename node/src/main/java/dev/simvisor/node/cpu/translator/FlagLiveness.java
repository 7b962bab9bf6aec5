package dev.simvisor.node.cpu.translator;

import java.util.List;

/** Which instructions of a block set flags that nobody can see: others set all of them before anything asks, or can leave. */
final class FlagLiveness {
    private FlagLiveness() {}

    /** Whether nobody can see the flags that an instruction of a block leaves. */
    static boolean dead(List<Operation> block, int ordinal) {
        for (Operation later : block.subList(ordinal + 1, block.size())) {
            if (later.asksForFlags() || later.mayLeave()) return false;
            if (later.overwritesFlags()) return true;
        }
        return false;
    }
}
