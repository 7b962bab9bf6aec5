package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Regions go on after a look at the time stamp, which counts what they have executed so far. */
class TimeInRegionsTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);

    /** inc ebx; rdtsc; sub eax, esi; add esi, eax; xor edi, eax; rdtscp; add ebp, eax; adc ebp, edx; jmp to the start. */
    private static final String NARROW = "43 0F31 29F0 01C6 31C7 0F01F9 01C5 11D5 EBEE";

    private static final String WIDE = "FFC3 0F31 29F0 01C6 31C7 0F01F9 01C5 11D5 EBED";

    private static GuestPair pair(boolean wide) {
        GuestPair pair = new GuestPair(wide, AT_ONCE);
        pair.load(GuestPair.CODE, HexFormat.of().parseHex((wide ? WIDE : NARROW).replace(" ", "")));
        return pair;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRegionGoesOnAfterALookAtTheTime(boolean wide) {
        try (GuestPair pair = pair(wide)) {
            pair.runWithinRegions("undisturbed");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theTimeIsThatOfTheInstructionWhereverRunsEnd(boolean wide) {
        try (GuestPair pair = pair(wide)) {
            for (int n = 0; n < 500; n++) pair.run(1 + n % 41, "run " + n);
            assertThat(pair.translated.cpu.gpr[Cpu.RBX]).isGreaterThan(1000);
            assertThat(pair.statistics().executed()).isGreaterThan(pair.executed() / 4);
        }
    }

    @Test
    void aLookThatIsNotAllowedFaults() {
        try (GuestPair pair = pair(true)) {
            pair.run(1000, "allowed");
            for (GuestPair.Guest guest : pair.guests()) {
                guest.cpu.cr4 |= ControlRegister.CR4_TSD;
                guest.cpu.cpl = 3;
                guest.cpu.attention = true;
            }
            pair.run(100, "not allowed");
            assertThat(pair.translated.cpu.shutdown).isTrue();
        }
    }
}
