package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Row;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Numbers the variants that the instruction table can produce, and maps a row's instances to them. The compiled handlers are
 * shared by all processors of the process.
 */
public final class HandlerTable {
    private static final int FORMS = 2;
    private static final int[] OPERAND_SIZES = {8, 16, 32, 64};
    private static final int NONE = -1;

    private final int[] handlers;
    private final List<Variant> variants = new ArrayList<>();
    private final List<Row> withoutMeaning = new ArrayList<>();
    private final BlockRunner runner;
    private final int undefinedOpcode;

    private static final class Shared {
        static final HandlerTable INSTANCE = new HandlerTable(InstructionTable.load(), new SemanticMethods(), HandlerCompiler::compile);
    }

    public static HandlerTable shared() {
        return Shared.INSTANCE;
    }

    HandlerTable(InstructionTable table, SemanticMethods methods, Function<List<Variant>, BlockRunner> compiler) {
        List<Row> rows = table.rows();
        handlers = new int[rows.size() * OPERAND_SIZES.length * FORMS];
        Arrays.fill(handlers, NONE);
        Map<Variant, List<Integer>> instances = instances(rows, methods);
        variants.addAll(instances.keySet());
        // The dispatch switches over frequent instructions first; the sort is stable, so the numbering is too.
        variants.sort(Comparator.comparingInt(HandlerTable::rarity).thenComparing(Variant::label));
        for (int number = 0; number < variants.size(); number++) {
            for (int index : instances.getOrDefault(variants.get(number), List.of())) handlers[index] = number;
        }
        undefinedOpcode = handlers[index(table.undefined(), 32, false)];
        runner = compiler.apply(variants);
    }

    private Map<Variant, List<Integer>> instances(List<Row> rows, SemanticMethods methods) {
        Map<Variant, List<Integer>> instances = new HashMap<>();
        for (Row row : rows) {
            boolean found = false;
            for (int size : OPERAND_SIZES) {
                Method method = methods.find(row, size);
                if (method == null) continue;
                found = true;
                for (int form = 0; form < FORMS; form++) {
                    boolean memory = form == 1;
                    Variant variant = Variant.of(row, method, size, memory);
                    instances.computeIfAbsent(variant, v -> new ArrayList<>()).add(index(row, size, memory));
                }
            }
            if (!found) withoutMeaning.add(row);
        }
        return instances;
    }

    /** 0 for what ordinary code is made of, more for what it seldom holds. */
    private static int rarity(Variant variant) {
        if (variant.unit() != Variant.Unit.INTEGER) return 2;
        boolean narrow = variant.sources().stream().anyMatch(place -> place.bits() == 16);
        return narrow ? 1 : 0;
    }

    private static int index(Row row, int operandSize, boolean memory) {
        int size = Integer.numberOfTrailingZeros(operandSize) - 3;
        return (row.id() * OPERAND_SIZES.length + size) * FORMS + (memory ? 1 : 0);
    }

    /** Number of the handler for a decoded instruction on a processor of the given model. */
    int handler(Instruction instruction, CpuModel model) {
        Row row = instruction.row;
        for (Feature feature : row.features()) {
            if (!model.has(feature.name().toLowerCase(Locale.ROOT))) return undefinedOpcode;
        }
        int handler = handlers[index(row, instruction.operandSize, instruction.memory)];
        return handler == NONE ? undefinedOpcode : handler;
    }

    int undefinedOpcode() {
        return undefinedOpcode;
    }

    BlockRunner runner() {
        return runner;
    }

    /** Rows that no semantic method was found for. */
    public List<Row> withoutMeaning() {
        return List.copyOf(withoutMeaning);
    }

    public int variantCount() {
        return variants.size();
    }

    List<Variant> variants() {
        return List.copyOf(variants);
    }
}
