package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Row;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Which handler executes a decoded instruction, and what it does. Shared by all processors of the process. */
public final class HandlerTable {
    private final InstructionTable table;
    private final char[] numbers;
    private final BlockRunner runner;
    private final int undefinedOpcode;
    private final int callout;
    private final SemanticMethods methods = new SemanticMethods();
    private final Map<Integer, Variant> variants = new ConcurrentHashMap<>();

    private static final class Shared {
        static final HandlerTable INSTANCE = HandlerClassFile.load(InstructionTable.load());
    }

    public static HandlerTable shared() {
        return Shared.INSTANCE;
    }

    /**
     * Of a table whose row instances have the handlers that {@code numbers} tells.
     *
     * @see HandlerNumbering#numbers
     */
    HandlerTable(InstructionTable table, char[] numbers, BlockRunner runner) {
        this.table = table;
        this.numbers = numbers;
        this.runner = runner;
        undefinedOpcode = numbers[RowInstance.index(table.undefined(), 32, Form.REGISTER)];
        callout = numbers[RowInstance.index(table.callout(), 32, Form.REGISTER)];
    }

    /** Number of the handler for a decoded instruction on a processor as it is now. */
    int handler(Instruction instruction, Cpu cpu) {
        Row row = instruction.row;
        for (Feature feature : row.features()) {
            if (!cpu.model.has(feature.key())) return undefinedOpcode;
        }
        char handler = numbers[RowInstance.index(row, instruction.operandSize, Form.of(instruction, cpu))];
        return handler == HandlerNumbering.NONE ? undefinedOpcode : handler;
    }

    /** What the handler of a number does. */
    public Variant variant(int handler) {
        return variants.computeIfAbsent(handler, this::find);
    }

    private Variant find(int handler) {
        for (int index = 0; index < numbers.length; index++) {
            if (numbers[index] != handler) continue;
            Variant variant = RowInstance.at(index, table).variant(methods);
            if (variant != null) return variant;
        }
        throw new IllegalArgumentException("no handler " + handler);
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
}
