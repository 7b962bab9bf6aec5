package dev.simvisor.controller.cli;

import dev.simvisor.controller.embedded.CodeLine;
import dev.simvisor.controller.embedded.CriticalExperiment;
import dev.simvisor.controller.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code simvisor explain critical}. */
@Command(
        name = "critical",
        description =
                "Executes each critical instruction in every mode: what the guest saw and what it should have seen.",
        mixinStandardHelpOptions = true)
final class ExplainCritical extends ExplainCommand.Explanation {
    @Override
    List<Map<String, Object>> fields() {
        return CriticalExperiment.run().stream().map(ExplainCritical::fields).toList();
    }

    private static Map<String, Object> fields(CriticalExperiment.Row row) {
        Map<String, Object> modes = new LinkedHashMap<>();
        row.cells().forEach((mode, cell) -> modes.put(mode, Map.of("saw", cell.seen(), "right", cell.right())));
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("instruction", row.instruction());
        fields.put("section", row.section());
        fields.put("ring1", row.reason());
        fields.put(
                "fragment", row.fragment().stream().map(ExplainCritical::fields).toList());
        fields.put("expected", row.expected());
        fields.put("modes", modes);
        return fields;
    }

    private static Map<String, Object> fields(CodeLine line) {
        return Map.of("address", line.address(), "bytes", line.bytes(), "text", line.text());
    }

    @Override
    List<String> lines() {
        List<CriticalExperiment.Row> rows = CriticalExperiment.run();
        List<String> modes = List.copyOf(rows.getFirst().cells().keySet());
        List<String> headers = new ArrayList<>(List.of("instruction", "paper", "bare: as it should be"));
        headers.addAll(modes);
        Table table = Table.of(headers.toArray(String[]::new));
        for (CriticalExperiment.Row row : rows) {
            List<Object> cells = new ArrayList<>(List.of(row.instruction(), "§" + row.section(), row.expected()));
            row.cells().values().forEach(cell -> cells.add(verdict(cell)));
            table.row(cells.toArray());
        }
        List<String> lines = new ArrayList<>(table.lines());
        lines.add("");
        lines.add("The paper: J. S. Robin, C. E. Irvine, Analysis of the Intel Pentium's Ability to Support a Secure");
        lines.add(
                "Virtual Machine Monitor, USENIX Security 2000. What each does in ring 1, and the kernel that showed it:");
        rows.forEach(row -> describe(row, lines));
        return lines;
    }

    private static String verdict(CriticalExperiment.Cell cell) {
        return cell.right() ? "right" : "WRONG: " + cell.seen();
    }

    private static void describe(CriticalExperiment.Row row, List<String> lines) {
        lines.add("");
        lines.add(row.instruction() + " " + row.reason());
        Table code = Table.of("", "", "");
        row.fragment().forEach(line -> code.row("  " + line.address(), line.bytes(), line.text()));
        lines.addAll(code.lines().subList(1, code.lines().size()));
    }
}
