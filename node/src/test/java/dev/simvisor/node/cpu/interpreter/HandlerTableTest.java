package dev.simvisor.node.cpu.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import org.junit.jupiter.api.Test;

class HandlerTableTest {
    /** HotSpot's HugeMethodLimit: longer methods are never compiled. */
    private static final int HUGE_METHOD = 8000;

    private final HandlerTable table = HandlerTable.shared();

    @Test
    void everyRowOfTheInstructionTableHasAMeaning() {
        assertThat(table.withoutMeaning()).isEmpty();
    }

    @Test
    void everyGeneratedMethodIsSmallEnoughForHotSpotToCompile() {
        for (MethodModel method :
                ClassFile.of().parse(HandlerCompiler.bytecode(table.variants())).methods()) {
            int length = ((CodeAttribute) method.code().orElseThrow()).codeLength();
            assertThat(length).as(method.methodName().stringValue()).isLessThan(HUGE_METHOD);
        }
    }

    @Test
    void theNumberingOfHandlersDoesNotDependOnHashOrder() {
        HandlerTable again = HandlerTable.withoutHandlers();

        assertThat(again.variants().stream().map(Variant::label))
                .containsExactlyElementsOf(
                        table.variants().stream().map(Variant::label).toList());
    }
}
