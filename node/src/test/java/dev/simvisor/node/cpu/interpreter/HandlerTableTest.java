package dev.simvisor.node.cpu.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.table.InstructionTable;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HandlerTableTest {
    /** HotSpot's HugeMethodLimit: longer methods are never compiled. */
    private static final int HUGE_METHOD = 8000;

    private final InstructionTable instructions = InstructionTable.load();
    private final HandlerNumbering numbering = new HandlerNumbering(instructions);
    private final byte[] bytecode = HandlerCompiler.bytecode(numbering);

    @Test
    void everyRowOfTheInstructionTableHasAMeaning() {
        SemanticMethods methods = new SemanticMethods();

        assertThat(instructions.rows())
                .allMatch(row -> IntStream.of(8, 16, 32, 64).anyMatch(size -> methods.find(row, size) != null));
    }

    @Test
    void everyGeneratedMethodIsSmallEnoughForHotSpotToCompile() {
        for (MethodModel method : ClassFile.of().parse(bytecode).methods()) {
            int length = ((CodeAttribute) method.code().orElseThrow()).codeLength();
            assertThat(length).as(method.methodName().stringValue()).isLessThan(HUGE_METHOD);
        }
    }

    /** Made by another process, from the same sources: byte for byte the same, however the two iterate over hashes. */
    @Test
    void theClassThatTheBuildEmittedIsTheOneThatWouldBeEmittedNow() throws IOException {
        try (InputStream emitted = HandlerTable.class.getResourceAsStream("InstructionHandlers.class")) {
            assertThat(Objects.requireNonNull(emitted).readAllBytes()).isEqualTo(bytecode);
        }
    }

    @Test
    void aVariantFoundByItsNumberIsTheOneThatWasNumbered() {
        HandlerTable table = HandlerTable.shared();
        List<Variant> found = IntStream.range(0, numbering.variants().size())
                .mapToObj(table::variant)
                .toList();

        assertThat(found).isEqualTo(numbering.variants());
    }
}
