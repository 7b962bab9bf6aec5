package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.interpreter.Variant.Unit;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Which variants the dispatch loop itself switches over, and which it leaves to further switches.
 *
 * <p>The loop's own switch has to stay short: it is compiled as one method. Counted over a boot of Debian 12 (6.0 billion
 * instructions) the variants chosen here are 98% of all that executes; the 40 most frequent alone are 90%. A switch of 563 in
 * place of 348 was no faster.
 */
final class DispatchOrder {
    private static final Set<String> FREQUENT = Set.of(
            "mov", "lea", "movzx", "movsxb", "movsxw", "movsxd", "add", "sub", "and", "or", "xor", "cmp", "test", "shl",
            "shr", "sar", "imul", "inc", "dec", "not", "push", "pop", "ret", "call", "jmp", "nop", "jb", "jae", "je",
            "jne", "jbe", "ja", "js", "jns", "jl", "jge", "jle", "jg", "cmove", "cmovne", "cmovb", "cmovae");
    private static final Set<String> FREQUENT_ON_BYTES = Set.of("mov", "cmp", "test", "movzx", "and");

    /** Total, so that handlers have the same numbers in every build. */
    static final Comparator<Variant> COMPARATOR = Comparator.comparingInt(DispatchOrder::rarity)
            .thenComparing(Variant::label)
            .thenComparing(Variant::toString);

    private DispatchOrder() {}

    /** 0 for what the loop dispatches itself, 1 for other integer instructions, 2 for all else. */
    static int rarity(Variant variant) {
        if (variant.unit() != Unit.INTEGER) return 2;
        return frequent(variant) ? 0 : 1;
    }

    private static boolean frequent(Variant variant) {
        String name = variant.method().getName().replaceAll("\\d+$", "");
        if (!FREQUENT.contains(name) || variant.updatesMemory()) return false;
        List<Place> sources = variant.sources();
        if (sources.stream().anyMatch(place -> place.kind() == Place.Kind.MEMORY)) return false;
        Place first =
                variant.destination() != null ? variant.destination() : sources.isEmpty() ? null : sources.getFirst();
        if (first == null) return true;
        if (first.kind() == Place.Kind.MEMORY) return false;
        return switch (first.bits()) {
            case 32, 64 -> sources.stream().noneMatch(place -> place.kind() == Place.Kind.ONE);
            case 8 -> FREQUENT_ON_BYTES.contains(name);
            default -> name.equals("mov") && first.isMemory();
        };
    }
}
