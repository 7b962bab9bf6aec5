package dev.simvisor.controller.embedded;

import dev.simvisor.node.vmm.critical.CriticalMatrix;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The critical instructions, executed in every mode in this process. */
public final class CriticalExperiment {
    /**
     * One instruction.
     *
     * @param section of the paper that found it
     * @param reason what it does in ring 1
     * @param fragment the kernel that executed it
     * @param expected what the guest should have seen
     * @param cells by mode, but for {@code bare}, which is what is expected
     */
    public record Row(
            String instruction,
            String section,
            String reason,
            List<CodeLine> fragment,
            String expected,
            Map<String, Cell> cells) {}

    /** What the guest saw in a mode. */
    public record Cell(String seen, boolean right) {}

    private CriticalExperiment() {}

    /** Runs it. */
    public static List<Row> run() {
        return CriticalMatrix.byExecution().rows().stream()
                .map(CriticalExperiment::row)
                .toList();
    }

    private static Row row(CriticalMatrix.Row row) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        row.seen().forEach((mode, seen) -> cells.put(mode, new Cell(seen, row.isRight(mode))));
        return new Row(
                row.instruction().mnemonic(),
                row.instruction().section(),
                row.instruction().reason(),
                row.fragment().stream().map(CodeLine::of).toList(),
                row.expected(),
                cells);
    }
}
