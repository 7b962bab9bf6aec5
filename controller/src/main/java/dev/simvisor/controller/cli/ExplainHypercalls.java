package dev.simvisor.controller.cli;

import dev.simvisor.controller.embedded.HypercallList;
import dev.simvisor.controller.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code simvisor explain hypercalls}. */
@Command(
        name = "hypercalls",
        description = "The hypercalls of mode para: what there is of Xen's public ABI, and what answers ENOSYS.",
        mixinStandardHelpOptions = true)
final class ExplainHypercalls extends ExplainCommand.Explanation {
    @Override
    List<Map<String, Object>> fields() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (HypercallList.Entry entry : HypercallList.all()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("number", entry.number());
            row.put("hypercall", entry.name());
            row.put("available", entry.available());
            row.put("about", entry.about());
            row.put("operations", entry.operations());
            rows.add(row);
        }
        return rows;
    }

    @Override
    List<String> lines() {
        Table table = Table.of(">number", "hypercall", "what it does");
        HypercallList.all().forEach(entry -> table.row(entry.number(), entry.name(), entry.about()));
        List<String> lines = new ArrayList<>(table.lines());
        lines.add("");
        lines.add("Operations of those that have several; all others answer ENOSYS:");
        for (HypercallList.Entry entry : HypercallList.all()) {
            if (!entry.operations().isEmpty()) {
                lines.add("  " + entry.name() + ": " + String.join(", ", entry.operations()));
            }
        }
        return lines;
    }
}
