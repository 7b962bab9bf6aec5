package dev.simvisor.node.cpu.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.table.Opcode.MandatoryPrefix;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstructionTableTest {
    private final InstructionTable table = InstructionTable.load();

    @Test
    void noBytesMatchTwoRowsEqually() {
        forEachOpcode((map, code) -> {
            for (MandatoryPrefix prefix :
                    List.of(MandatoryPrefix.NP, MandatoryPrefix.P66, MandatoryPrefix.F2, MandatoryPrefix.F3)) {
                for (int bits = 0; bits < 4 * 256; bits++) {
                    assertOneBest(map, code, prefix, bits);
                }
            }
        });
    }

    private void assertOneBest(int map, int code, MandatoryPrefix prefix, int bits) {
        int modRm = bits & 0xFF;
        if (modRm != 0 && !table.hasModRm(map, code)) return;
        boolean mode64 = (bits & 0x100) != 0;
        boolean rexW = mode64 && (bits & 0x200) != 0;
        Row best = table.select(map, code, mode64, prefix, rexW, modRm);
        if (best == null) return;
        List<Row> equals = table.candidates(map, code).stream()
                .filter(row -> row.matches(mode64, prefix, rexW, modRm))
                .filter(row -> row.opcode().specificity() == best.opcode().specificity())
                .toList();
        assertThat(equals).containsExactly(best);
    }

    @Test
    void allRowsOfAnOpcodeAgreeOnHavingAModRmByte() {
        forEachOpcode((map, code) ->
                assertThat(table.candidates(map, code)).allMatch(row -> row.hasModRm() == table.hasModRm(map, code)));
    }

    @Test
    void aFlagIsEitherDefinedOrUndefined() {
        assertThat(table.rows()).allMatch(row -> (row.flagsWritten() & row.flagsUndefined()) == 0);
    }

    @Test
    void criticalInstructionsAreThoseOfRobinAndIrvineAndTheReturnFromInterrupts() {
        assertThat(table.rows().stream()
                        .filter(row -> row.instructionClass() == InstructionClass.CRITICAL)
                        .map(row -> row.mnemonic(16))
                        .distinct())
                .containsExactlyInAnyOrder(
                        "SGDT", "SIDT", "SLDT", "SMSW", "PUSHF", "POPF", "LAR", "LSL", "VERR", "VERW", "POP", "PUSH",
                        "CALL", "JMP", "INT", "RETF", "STR", "MOV", "IRET");
    }

    @Test
    void rowSaysWhatItsLineSays() {
        Row adc = table.rows().stream()
                .filter(row -> row.opcode().notation().equals("11"))
                .findFirst()
                .orElseThrow();
        assertThat(adc.semantics()).isEqualTo("adc");
        assertThat(adc.flagsRead()).isEqualTo(Flags.CF);
        assertThat(adc.flagsWritten()).isEqualTo(Flags.ARITHMETIC);
        assertThat(adc.has(Attribute.LOCK)).isTrue();
        assertThat(adc.section()).isEqualTo("2A ADC");
        assertThat(table.rows().get(adc.id())).isSameAs(adc);
    }

    @Test
    void errorsNameThePlaceAndWhatWasExpected() {
        RowParser parser = new RowParser("some.txt:7");
        assertThatThrownBy(() -> parser.parse(0, "00  ADD  Eb,Gk  -  -  -  -  ordinary  2A ADD"))
                .hasMessage("some.txt:7: expected an operand size, found: k");
        assertThatThrownBy(() -> parser.parse(0, "00  ADD  Eb,Gb  luck  -  -  -  ordinary  2A ADD"))
                .hasMessage("some.txt:7: expected an attribute or a CPUID feature, found: luck");
        assertThatThrownBy(() -> parser.parse(0, "00  ADD"))
                .hasMessage("some.txt:7: expected 9 columns separated by two blanks, found: 00  ADD");
    }

    private interface OpcodeVisitor {
        void visit(int map, int code);
    }

    private static void forEachOpcode(OpcodeVisitor visitor) {
        for (int map = 0; map < 4; map++) {
            for (int code = 0; code < 256; code++) visitor.visit(map, code);
        }
    }
}
