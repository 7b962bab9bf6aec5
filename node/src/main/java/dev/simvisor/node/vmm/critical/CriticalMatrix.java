package dev.simvisor.node.vmm.critical;

import dev.simvisor.node.cpu.disassemble.CodeListing;
import dev.simvisor.node.vmm.mode.BareMode;
import dev.simvisor.node.vmm.mode.BoardMode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Every critical instruction in every mode: what the guest saw.
 *
 * @param rows in the order of the paper
 */
public record CriticalMatrix(List<Row> rows) {
    /**
     * One instruction.
     *
     * @param fragment the kernel's code
     * @param expected what the guest should have seen, which is what it sees with no VMM
     * @param seen by the modes' names, in their order, {@code bare} left out
     */
    public record Row(
            CriticalInstruction instruction,
            List<CodeListing.Line> fragment,
            String expected,
            Map<String, String> seen) {
        /** Whether the guest saw what it should have. */
        public boolean isRight(String mode) {
            return expected.equals(seen.get(mode));
        }
    }

    /** Runs all of it; takes some milliseconds. */
    public static CriticalMatrix byExecution() {
        return new CriticalMatrix(Arrays.stream(CriticalInstruction.values())
                .map(CriticalMatrix::row)
                .toList());
    }

    private static Row row(CriticalInstruction instruction) {
        Map<String, String> seen = new LinkedHashMap<>();
        for (BoardMode mode : BoardMode.available()) {
            if (mode != BareMode.INSTANCE) seen.put(mode.modeName(), see(instruction, mode));
        }
        return new Row(
                instruction,
                CodeListing.of(instruction.code(), FragmentMachine.CODE, 32),
                see(instruction, BareMode.INSTANCE),
                seen);
    }

    private static String see(CriticalInstruction instruction, BoardMode mode) {
        return instruction.describe(FragmentMachine.run(instruction, mode));
    }
}
