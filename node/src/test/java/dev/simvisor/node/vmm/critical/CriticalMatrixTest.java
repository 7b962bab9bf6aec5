package dev.simvisor.node.vmm.critical;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.DeprivilegedMode;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every cell of the matrix, by execution. What {@code bare} shows follows from the machine's tables and the manual; what
 * {@code trap} shows, from Robin and Irvine's account of each instruction.
 */
class CriticalMatrixTest {
    private static final Map<CriticalInstruction, CriticalMatrix.Row> ROWS =
            CriticalMatrix.byExecution().rows().stream()
                    .collect(Collectors.toMap(CriticalMatrix.Row::instruction, row -> row));

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SGDT  | base 00003000H limit 0037H                  | base FF000000H limit 0037H
            SIDT  | base 00004000H limit 01FFH                  | base FF000000H limit 0000H
            SLDT  | selector 0020H                              | selector FFF0H
            SMSW  | CR0 80000011H                               | CR0 80010011H
            PUSHF | image with IF=0                             | image with IF=1
            POPF  | IF=0                                        | IF=1
            LAR   | rights 00CF9300H                            | rights 00CFB300H
            LSL   | limit 0000000FH                             | no such segment
            VERR  | readable                                    | not readable
            VERW  | writable                                    | not writable
            POP   | #GP(0010H)                                  | SS loaded with RPL 1
            PUSH  | selector 0008H                              | selector 0009H
            CALL  | return to selector 0008H                    | return to selector 0009H
            JMP   | #GP(0008H)                                  | went to selector 0009H
            INT_N | handler entered from selector 0008H, IF=1   | handler entered from selector 0008H, IF=1
            RET   | #GP(0008H)                                  | returned to selector 0009H
            STR   | selector 0028H                              | selector FFF8H
            MOV   | selector 0008H                              | selector 0009H
            IRET  | IF=0                                        | IF=1
            """)
    void trapShowsTheGuestRingOneAndTheOthersShowItRingZero(
            CriticalInstruction instruction, String inRingZero, String inRingOne) {
        CriticalMatrix.Row row = ROWS.get(instruction);
        assertThat(row.expected()).isEqualTo(inRingZero);
        row.seen()
                .forEach((mode, seen) ->
                        assertThat(seen).as(mode).isEqualTo(mode.equals("trap") ? inRingOne : inRingZero));
    }

    @Test
    void everyModeThatThereIsHasItsColumn() {
        assertThat(ROWS).hasSize(CriticalInstruction.values().length);
        ROWS.values()
                .forEach(row ->
                        assertThat(row.seen()).hasSize(BoardMode.available().size() - 1));
    }

    @ParameterizedTest
    @EnumSource
    void theWitnessNoticesWhatTheGuestSeesWrong(CriticalInstruction instruction) {
        Sighting sighting = FragmentMachine.run(instruction, DeprivilegedMode.TRAP);
        boolean right = ROWS.get(instruction).isRight("trap");
        assertThat(sighting.slipped().counts().keySet().stream().anyMatch(name -> isOf(instruction, name)))
                .isEqualTo(!right);
    }

    /** Rows of the instruction table tell operand sizes and far returns apart. */
    private static boolean isOf(CriticalInstruction instruction, String mnemonic) {
        return mnemonic.startsWith(instruction.mnemonic());
    }

    @Test
    void theFirstThatSlippedIsDescribed() {
        Sighting sighting = FragmentMachine.run(CriticalInstruction.IRET, DeprivilegedMode.TRAP);
        assertThat(sighting.slipped().counts())
                .containsOnlyKeys("PUSH", "IRETD")
                .containsEntry("PUSH", 1L);
        assertThat(sighting.slipped().first()).hasValueSatisfying(first -> {
            assertThat(first.instructions()).isEqualTo(1);
            assertThat(first.address()).isEqualTo(0x6002);
            assertThat(first.disassembly()).isEqualTo("push cs");
            assertThat(first.seen()).isEqualTo("stored 00000009H");
            assertThat(first.expected()).isEqualTo("stored 00000008H");
        });
    }

    @ParameterizedTest
    @EnumSource
    void nothingSlipsWhereSensitiveInstructionsAreReplaced(CriticalInstruction instruction) {
        Sighting sighting = FragmentMachine.run(instruction, DeprivilegedMode.TRANSLATE);
        assertThat(sighting.slipped().first()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void everyFragmentIsOfTheInstructionItIsFor(CriticalInstruction instruction) {
        String word = instruction.mnemonic().split(" ")[0].toLowerCase(java.util.Locale.ROOT);
        assertThat(ROWS.get(instruction).fragment())
                .anyMatch(line -> line.text().startsWith(word));
    }
}
