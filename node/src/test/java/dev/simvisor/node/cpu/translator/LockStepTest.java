package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LockStepTest {
    private static final int PROGRAMS = 60;
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void randomProgramsLeaveTheStateThatTheInterpreterLeaves(boolean wide) {
        RegionLibrary library = new RegionLibrary();
        long executed = 0;
        long translated = 0;
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            TranslatorSettings settings =
                    seed % 3 == 0 ? new TranslatorSettings(2, 1 + seed % 20, 1 + seed % 7) : AT_ONCE;
            // What is found in the library at the places of a program was made of others.
            try (GuestPair pair = new GuestPair(wide, settings, library)) {
                pair.load(GuestPair.CODE, RandomProgram.of(seed, wide));
                Random runs = new Random(seed);
                for (int n = 0; n < 30; n++) {
                    int most = n % 3 == 0 ? 20 : 3000;
                    pair.run(1 + runs.nextInt(most), "seed " + seed + ", run " + n);
                    assertThat(pair.interpreted.cpu.shutdown).as("seed " + seed).isFalse();
                }
                executed += pair.executed();
                translated += pair.statistics().executed();
            }
        }
        System.out.println("lock-step: " + executed + " instructions of " + (wide ? 64 : 32) + "-bit programs, "
                + translated + " of them translated");
        assertThat(translated).isGreaterThan(executed / 2);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    @Test
    void aLoopThatRewritesItselfExecutesWhatItWrote() {
        try (GuestPair pair = new GuestPair(false, AT_ONCE)) {
            // inc byte [CODE+8]; mov al, imm8 at CODE+7; add ebx, eax; jmp back
            pair.load(GuestPair.CODE, bytes("FE05 07000100 B0 00 01C3 EBF4"));
            for (int n = 0; n < 50; n++) pair.run(7 + n, "run " + n);
            assertThat(pair.translated.cpu.gpr[Cpu.RBX]).isNotZero();
        }
    }

    @Test
    void codeThatSomeoneElseRewritesIsTranslatedAnew() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            pair.load(GuestPair.CODE, bytes("48FFC0 EBFB")); // inc rax; jmp back
            pair.run(1000, "before");
            pair.load(GuestPair.CODE, bytes("48FFC3")); // inc rbx
            pair.run(1000, "after");
            assertThat(pair.translated.cpu.gpr[Cpu.RAX]).isEqualTo(500);
            assertThat(pair.translated.cpu.gpr[Cpu.RBX]).isEqualTo(500);
        }
    }

    @Test
    void forgettingAllCodeAtAnyTimeChangesNothing() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            pair.load(GuestPair.CODE, RandomProgram.of(7, true));
            for (int n = 0; n < 40; n++) {
                pair.run(100 + 13 * n, "run " + n);
                pair.translated.engine.flushCode();
                if (n % 5 == 0) pair.interpreted.engine.flushCode();
            }
        }
    }

    @Test
    void aFaultInATranslatedLoopFindsTheRegistersAsTheyWere() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            // inc rax; add rsi, 8; mov rbx, [rsi]; add rcx, rbx; jmp back: leaves mapped memory in the end, without an
            // IDT.
            pair.load(GuestPair.CODE, bytes("48FFC0 4883C608 488B1E 4801D9 EBF1"));
            pair.run(1_000_000, "until the fault");
            assertThat(pair.translated.cpu.shutdown).isTrue();
        }
    }
}
