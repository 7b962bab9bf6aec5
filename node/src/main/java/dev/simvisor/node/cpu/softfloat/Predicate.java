package dev.simvisor.node.cpu.softfloat;

/** The eight comparison predicates of CMPPS and its kin: 0 EQ, 1 LT, 2 LE, 3 UNORD, and 4 to 7 their negations. */
final class Predicate {
    private static final int NEGATED = 4;

    private Predicate() {}

    /** Whether a quiet NaN raises nothing: EQ, UNORD, NEQ, ORD (SDM Vol 2 table 3-1). */
    static boolean quiet(int predicate) {
        int relation = predicate & 3;
        return relation == 0 || relation == 3;
    }

    static boolean holds(int predicate, Ordering order) {
        boolean relation = switch (predicate & 3) {
            case 0 -> order == Ordering.EQUAL;
            case 1 -> order == Ordering.LESS;
            case 2 -> order == Ordering.LESS || order == Ordering.EQUAL;
            default -> order == Ordering.UNORDERED;
        };
        return relation != ((predicate & NEGATED) != 0);
    }
}
