package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Opcode;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.OperandSize;
import dev.simvisor.node.cpu.table.Row;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which forms of the table's rows can be executed by a user process and compared. */
final class FormCatalogue {
    /** System calls, what Linux answers in the processor's place (CR4.UMIP), and a trap that hypervisors report wrongly. */
    private static final Set<String> NOT_COMPARABLE =
            Set.of("syscall", "sysenter", "sgdt", "sidt", "sldt", "str", "smsw", "int1");

    /** 0F 0D names a no-operation on Intel's processors for what is undefined on AMD's. */
    private static final Set<String> VENDORS_DIFFER = Set.of("0F 0D");

    private static final Set<Feature> UNITS =
            EnumSet.of(Feature.X87, Feature.MMX, Feature.SSE, Feature.SSE2, Feature.SSE3, Feature.SSSE3);

    private FormCatalogue() {}

    static List<Form> of(InstructionTable table) {
        List<Form> forms = new ArrayList<>();
        for (Row row : table.rows()) {
            if (comparable(row)) addForms(forms, row, new InstructionEncoder(table));
        }
        return forms;
    }

    static boolean comparable(Row row) {
        if (row.opcode().code() == Opcode.NONE || NOT_COMPARABLE.contains(row.semantics())) return false;
        return !VENDORS_DIFFER.contains(row.opcode().notation());
    }

    private static void addForms(List<Form> forms, Row row, InstructionEncoder encoder) {
        Set<String> seen = new HashSet<>();
        for (int codeSize : new int[] {64, 32, 16}) {
            // Outside 64-bit mode SYSRET is undefined on Intel's processors alone.
            if (codeSize != 64 && row.semantics().equals("sysret")) continue;
            for (Form.Size size : sizes(row, codeSize)) {
                for (boolean memory : new boolean[] {false, true}) {
                    Form form = new Form(row, codeSize, size, memory);
                    var encoding = encoder.encode(form, new Pattern(1));
                    if (encoding == null) continue;
                    if (seen.add(codeSize + " " + encoding.instruction().operandSize + memory)) forms.add(form);
                }
            }
        }
    }

    private static List<Form.Size> sizes(Row row, int codeSize) {
        boolean fixed = row.features().stream().anyMatch(UNITS::contains) && !hasStateImage(row);
        if (fixed || row.opcode().rexW()) return List.of(Form.Size.DEFAULT);
        return codeSize == 64 ? List.of(Form.Size.values()) : List.of(Form.Size.DEFAULT, Form.Size.OVERRIDE);
    }

    private static boolean hasStateImage(Row row) {
        for (Operand operand : row.operands()) {
            if (operand.kind() == OperandKind.M && operand.size() == OperandSize.NONE) return true;
            if (operand.size() == OperandSize.Y) return true;
        }
        return false;
    }
}
