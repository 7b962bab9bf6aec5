package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.silicon.SiliconCase.Poke;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Makes vectors: {@code SiliconVectorGenerator SEED CASES_PER_FORM RUNNER_SOURCE OUTPUT}. Needs an x86-64 Linux with gcc.
 *
 * <p>Cases that the processor at hand executes by a means that the table does not know (an instruction of a later
 * generation in bytes that the table has undefined) never arise: every case is an instance of a row.
 */
final class SiliconVectorGenerator {
    private static final int TEST_SIZE = 808;
    private static final int RESULT_SIZE = 592;
    private static final int CHANGE_SIZE = 4;
    private static final int RAN_AWAY = 0xFE;

    private SiliconVectorGenerator() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int seed = Integer.parseInt(arguments[0]);
        int casesPerForm = Integer.parseInt(arguments[1]);
        List<SiliconCase> cases = cases(seed, casesPerForm);
        List<SiliconVector> vectors = execute(cases, Path.of(arguments[2]));
        try (OutputStream out = Files.newOutputStream(Path.of(arguments[3]))) {
            VectorFile.write(out, vectors);
        }
        System.out.println("seed " + seed + ": " + vectors.size() + " cases written to " + arguments[3]);
    }

    static List<SiliconCase> cases(int seed, int casesPerForm) {
        InstructionTable table = InstructionTable.load();
        InstanceGenerator generator = new InstanceGenerator(table);
        Pattern seeds = new Pattern(seed);
        List<SiliconCase> cases = new ArrayList<>();
        for (Form form : FormCatalogue.of(table)) {
            int count = form.codeSize() == 64 ? casesPerForm : Math.max(1, casesPerForm / 2);
            for (int n = 0; n < count; n++) {
                SiliconCase instance = generator.instance(form, (int) seeds.next());
                if (instance != null) cases.add(instance);
            }
        }
        return cases;
    }

    /** Compiles the runner, has it execute the cases, and joins them with what it recorded. */
    static List<SiliconVector> execute(List<SiliconCase> cases, Path source) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("silicon");
        Path runner = directory.resolve("runner");
        Path input = directory.resolve("input");
        Path output = directory.resolve("output");
        try {
            call(
                    "gcc",
                    "-O1",
                    "-static",
                    "-fno-stack-protector",
                    "-fcf-protection=none",
                    "-o",
                    "" + runner,
                    "" + source);
            writeInput(input, cases);
            call("" + runner, "" + input, "" + output);
            return join(cases, Files.readAllBytes(output));
        } finally {
            for (Path file : List.of(runner, input, output, directory)) Files.deleteIfExists(file);
        }
    }

    private static void call(String... command) throws IOException, InterruptedException {
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) throw new IOException(String.join(" ", command) + ": exit status " + status);
    }

    private static void writeInput(Path file, List<SiliconCase> cases) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            ByteBuffer header = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            out.write(header.putInt(cases.size()).array());
            out.write(SiliconLayout.memory());
            for (SiliconCase test : cases) out.write(toBytes(test));
        }
    }

    /** As {@code struct test} of the runner. */
    private static byte[] toBytes(SiliconCase test) {
        ByteBuffer buffer = ByteBuffer.allocate(TEST_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(test.input().toBytes());
        buffer.putInt(test.codeOffset()).putInt(test.code().length);
        buffer.put(Arrays.copyOf(test.code(), 16));
        for (Poke poke : test.pokes()) {
            buffer.putShort((short) poke.offset()).putShort((short) poke.bytes().length);
            buffer.put(Arrays.copyOf(poke.bytes(), 64));
        }
        return buffer.array();
    }

    private static List<SiliconVector> join(List<SiliconCase> cases, byte[] output) throws IOException {
        ByteBuffer results = ByteBuffer.wrap(output).order(ByteOrder.LITTLE_ENDIAN);
        List<SiliconVector> vectors = new ArrayList<>();
        for (SiliconCase test : cases) {
            if (results.remaining() < RESULT_SIZE) throw new IOException("the runner stopped after " + vectors.size());
            SiliconOutcome outcome = readResult(results);
            if (outcome.vector() == RAN_AWAY)
                System.out.println("dropped, it ran away: " + HexFormat.of().formatHex(test.code()));
            else vectors.add(new SiliconVector(test, outcome));
        }
        return vectors;
    }

    private static SiliconOutcome readResult(ByteBuffer results) {
        byte[] state = new byte[MachineState.SIZE];
        results.get(state);
        long faultAddress = results.getLong();
        int errorCode = results.getInt();
        int vector = results.getShort() & 0xFFFF;
        int[] changes = new int[results.getShort() & 0xFFFF];
        for (int i = 0; i < changes.length; i++) {
            ByteBuffer change = results.slice(results.position(), CHANGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
            changes[i] = (change.getShort(0) & 0xFFFF) << 8 | change.get(2) & 0xFF;
            results.position(results.position() + CHANGE_SIZE);
        }
        boolean paging = vector == 14;
        return new SiliconOutcome(MachineState.of(state), vector, errorCode, paging ? faultAddress : 0, changes);
    }
}
