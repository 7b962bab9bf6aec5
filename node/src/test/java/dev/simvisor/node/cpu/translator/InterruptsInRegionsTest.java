package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.InterruptLine;
import dev.simvisor.node.cpu.SegmentRegister;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Regions go on after STI, and interrupts come in after the same instruction as ever. */
class InterruptsInRegionsTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);
    private static final int HANDLER = GuestPair.CODE + 0x400;
    private static final int DESCRIPTORS = GuestPair.DATA + 0x800;
    private static final int GATES = GuestPair.DATA + 0x1000;
    private static final int CODE_SELECTOR = 8;
    private static final int VECTOR = 0x40;

    /** inc ecx; cli; inc edx; sti; inc ebx; pusha; popa; jmp to the start. */
    private static final String NARROW = "41 FA 42 FB 43 60 61 EBF7";

    /** inc ecx; cli; inc edx; sti; inc ebx; push rax; pop rax; jmp to the start. */
    private static final String WIDE = "FFC1 FA FFC2 FB FFC3 50 58 EBF4";

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static GuestPair pair(boolean wide) {
        GuestPair pair = new GuestPair(wide, AT_ONCE);
        pair.load(GuestPair.CODE, bytes(wide ? WIDE : NARROW));
        pair.load(HANDLER, bytes(wide ? "FFC7 48CF" : "47 CF")); // inc edi; iret
        pair.load(DESCRIPTORS + CODE_SELECTOR, bytes(wide ? "FFFF000000 9BAF00" : "FFFF000000 9BCF00"));
        // An interrupt gate to 8:10400H.
        pair.load(GATES + VECTOR * (wide ? 16 : 8), bytes("0004 0800 008E 0100"));
        for (GuestPair.Guest guest : pair.guests()) {
            guest.cpu.gdtrBase = DESCRIPTORS;
            guest.cpu.gdtrLimit = 0xF;
            guest.cpu.idtrBase = GATES;
            guest.cpu.idtrLimit = 0xFFF;
            guest.cpu.selector[SegmentRegister.CS] = CODE_SELECTOR;
            guest.cpu.interruptController = new InterruptLine(VECTOR);
        }
        return pair;
    }

    private static void raise(Cpu cpu) {
        ((InterruptLine) cpu.interruptController).raise();
        cpu.attention = true;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRegionGoesOnAfterSti(boolean wide) {
        try (GuestPair pair = pair(wide)) {
            pair.runWithinRegions("undisturbed");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void interruptsComeInAfterTheSameInstruction(boolean wide) {
        long seed = wide ? 281101 : 281102;
        Random random = new Random(seed);
        try (GuestPair pair = pair(wide)) {
            pair.run(10_000, "undisturbed");
            for (int n = 0; n < 3000; n++) {
                if (random.nextInt(3) == 0) {
                    for (GuestPair.Guest guest : pair.guests()) raise(guest.cpu);
                }
                pair.run(1 + random.nextInt(20), "seed " + seed + ", run " + n);
            }
            assertThat(pair.translated.cpu.gpr[Cpu.RDI]).isGreaterThan(800);
            assertThat(pair.statistics().executed()).isGreaterThan(pair.executed() / 2);
        }
    }
}
