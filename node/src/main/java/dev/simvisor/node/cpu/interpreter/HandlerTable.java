package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Row;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Numbers the variants that the instruction table can produce, and maps a row's instances to them. The compiled handlers are
 * shared by all processors of the process.
 */
public final class HandlerTable {
    private static final Form[] FORMS = Form.values();
    private static final int[] OPERAND_SIZES = {8, 16, 32, 64};
    private static final int NONE = -1;

    private final InstructionTable table;
    private final int[] handlers;
    private final List<Variant> variants = new ArrayList<>();
    private final List<Row> withoutMeaning = new ArrayList<>();
    private final BlockRunner runner;
    private final int undefinedOpcode;
    private final int callout;

    private static final class Shared {
        static final HandlerTable INSTANCE =
                new HandlerTable(InstructionTable.load(), new SemanticMethods(), HandlerClassFile::load);
    }

    public static HandlerTable shared() {
        return Shared.INSTANCE;
    }

    HandlerTable(InstructionTable table, SemanticMethods methods, Function<List<Variant>, BlockRunner> compiler) {
        this.table = table;
        List<Row> rows = table.rows();
        handlers = new int[rows.size() * OPERAND_SIZES.length * FORMS.length];
        Arrays.fill(handlers, NONE);
        Map<Variant, List<Integer>> instances = instances(rows, methods);
        variants.addAll(instances.keySet());
        variants.sort(DispatchOrder.COMPARATOR);
        for (int number = 0; number < variants.size(); number++) {
            for (int index : instances.getOrDefault(variants.get(number), List.of())) handlers[index] = number;
        }
        undefinedOpcode = handlers[index(table.undefined(), 32, Form.REGISTER)];
        callout = handlers[index(table.callout(), 32, Form.REGISTER)];
        runner = compiler.apply(variants);
    }

    /** The numbering alone, for the build and for whoever looks at it. */
    static HandlerTable withoutHandlers() {
        return new HandlerTable(InstructionTable.load(), new SemanticMethods(), variants -> (cpu, code) -> {});
    }

    private Map<Variant, List<Integer>> instances(List<Row> rows, SemanticMethods methods) {
        Map<Variant, List<Integer>> instances = new HashMap<>();
        for (Row row : rows) {
            boolean found = false;
            for (int size : OPERAND_SIZES) {
                Method method = methods.find(row, size);
                if (method == null) continue;
                found = true;
                for (Form form : FORMS) {
                    Variant variant = variant(row, method, size, form);
                    instances.computeIfAbsent(variant, v -> new ArrayList<>()).add(index(row, size, form));
                }
            }
            if (!found) withoutMeaning.add(row);
        }
        return instances;
    }

    /** Flat forms are only worth their bytecode where they are frequent; elsewhere the segments are asked. */
    private static Variant variant(Row row, Method method, int size, Form form) {
        Variant variant = Variant.of(row, method, size, form);
        boolean flat = form == Form.FLAT || form == Form.FLAT_BASE;
        return flat && DispatchOrder.rarity(variant) > 0 ? Variant.of(row, method, size, Form.MEMORY) : variant;
    }

    private static int index(Row row, int operandSize, Form form) {
        int size = Integer.numberOfTrailingZeros(operandSize) - 3;
        return (row.id() * OPERAND_SIZES.length + size) * FORMS.length + form.ordinal();
    }

    /** Number of the handler for a decoded instruction on a processor as it is now. */
    int handler(Instruction instruction, Cpu cpu) {
        Row row = instruction.row;
        for (Feature feature : row.features()) {
            if (!cpu.model.has(feature.key())) return undefinedOpcode;
        }
        int handler = handlers[index(row, instruction.operandSize, Form.of(instruction, cpu))];
        return handler == NONE ? undefinedOpcode : handler;
    }

    /** What the handler of a number does. */
    public Variant variant(int handler) {
        return variants.get(handler);
    }

    int undefinedOpcode() {
        return undefinedOpcode;
    }

    /** Leaves for the VMM in place of an instruction that the translation pass replaced. */
    public int callout() {
        return callout;
    }

    /** The table that the handlers were made from. */
    InstructionTable instructions() {
        return table;
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
