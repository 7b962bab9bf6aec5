package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.table.InstructionTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers the variants that the instruction table can produce. To find them all takes a good part of a second: the build does
 * it, and a start only loads the numbers.
 */
final class HandlerNumbering {
    /** Number of a row's instance that means nothing. */
    static final char NONE = Character.MAX_VALUE;

    private final InstructionTable table;
    private final List<Variant> variants;
    private final char[] numbers;

    HandlerNumbering(InstructionTable table) {
        this.table = table;
        List<RowInstance> instances = RowInstance.all(table);
        Map<Variant, List<Integer>> indices = indices(instances);
        variants = new ArrayList<>(indices.keySet());
        variants.sort(DispatchOrder.COMPARATOR);
        numbers = new char[instances.size()];
        Arrays.fill(numbers, NONE);
        for (int number = 0; number < variants.size(); number++) {
            for (int index : indices.getOrDefault(variants.get(number), List.of())) numbers[index] = (char) number;
        }
    }

    private static Map<Variant, List<Integer>> indices(List<RowInstance> instances) {
        SemanticMethods methods = new SemanticMethods();
        Map<Variant, List<Integer>> indices = new HashMap<>();
        for (int index = 0; index < instances.size(); index++) {
            Variant variant = instances.get(index).variant(methods);
            if (variant != null)
                indices.computeIfAbsent(variant, v -> new ArrayList<>()).add(index);
        }
        return indices;
    }

    /** What was numbered. */
    InstructionTable table() {
        return table;
    }

    /** In the order of their numbers. */
    List<Variant> variants() {
        return variants;
    }

    /** The number of each instance's variant, by {@link RowInstance#index}. */
    char[] numbers() {
        return numbers;
    }
}
