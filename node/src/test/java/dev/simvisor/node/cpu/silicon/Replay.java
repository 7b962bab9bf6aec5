package dev.simvisor.node.cpu.silicon;

import static java.util.Objects.requireNonNull;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.decode.Decoder;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.disassemble.Disassembler;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Runs vectors through our processor and keeps what differs. */
final class Replay {
    private final InstructionTable table = InstructionTable.load();
    private final Decoder decoder = new Decoder(table);
    private final EmulatedProcessor processor;
    private final Set<String> forms = new HashSet<>();
    private final Set<Integer> rows = new HashSet<>();
    private final List<String> mismatches = new ArrayList<>();
    private int cases;
    private int faults;

    Replay(Function<Cpu, Engine> engines) {
        processor = new EmulatedProcessor(engines);
    }

    void run(List<SiliconVector> vectors) {
        for (SiliconVector vector : vectors) run(vector);
    }

    private void run(SiliconVector vector) {
        SiliconCase test = vector.input();
        Instruction instruction = decode(test);
        cases++;
        if (vector.outcome().vector() != SiliconOutcome.COMPLETED) faults++;
        rows.add(instruction.row.id());
        forms.add(instruction.row.id() + " " + test.codeSize() + " " + instruction.operandSize + instruction.memory);
        SiliconOutcome outcome = processor.execute(test);
        List<String> differences = Comparison.differences(test, instruction, vector.outcome(), outcome);
        if (!differences.isEmpty()) mismatches.add(describe(test, instruction, differences));
    }

    private Instruction decode(SiliconCase test) {
        byte[] window = Arrays.copyOf(test.code(), 15);
        return requireNonNull(decoder.decode(window, 0, 15, test.codeSize(), 0));
    }

    private static String describe(SiliconCase test, Instruction instruction, List<String> differences) {
        return test.codeSize()
                + "-bit " + Disassembler.format(instruction, test.input().rip)
                + " (" + HexFormat.of().formatHex(test.code())
                + ", seed " + test.seed()
                + "): silicon has " + String.join(", ", differences);
    }

    List<String> mismatches() {
        return mismatches;
    }

    String summary() {
        return "silicon: " + cases + " cases, " + faults + " of them faults, of " + forms.size() + " forms of "
                + rows.size() + " rows; " + mismatches.size() + " mismatches";
    }
}
