package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Row;
import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a decoded instruction is as far as its handler goes: a row, at an operand size, with a form of ModRM.
 *
 * @param operandSize 8, 16, 32 or 64 bits
 */
record RowInstance(Row row, int operandSize, Form form) {
    private static final Form[] FORMS = Form.values();
    private static final int[] OPERAND_SIZES = {8, 16, 32, 64};

    /** Those of all rows; each one's place in the list is its index. */
    static List<RowInstance> all(InstructionTable table) {
        int count = table.rows().size() * OPERAND_SIZES.length * FORMS.length;
        return IntStream.range(0, count).mapToObj(index -> at(index, table)).toList();
    }

    static RowInstance at(int index, InstructionTable table) {
        int sized = index / FORMS.length;
        return new RowInstance(
                table.rows().get(sized / OPERAND_SIZES.length),
                OPERAND_SIZES[sized % OPERAND_SIZES.length],
                FORMS[index % FORMS.length]);
    }

    static int index(Row row, int operandSize, Form form) {
        int size = Integer.numberOfTrailingZeros(operandSize) - 3;
        return (row.id() * OPERAND_SIZES.length + size) * FORMS.length + form.ordinal();
    }

    /** What its handler does, or null where no method is the row's meaning at this operand size. */
    @Nullable
    Variant variant(SemanticMethods methods) {
        Method method = methods.find(row, operandSize);
        if (method == null) return null;
        Variant variant = Variant.of(row, method, operandSize, form);
        // Flat forms are only worth their bytecode where they are frequent; elsewhere the segments are asked.
        boolean flat = form == Form.FLAT || form == Form.FLAT_BASE;
        return flat && DispatchOrder.rarity(variant) > 0 ? Variant.of(row, method, operandSize, Form.MEMORY) : variant;
    }
}
