package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Regions go on after loads of data segments and CLI, unless the segments are not those any more that they rest on. */
class SegmentLoadsInRegionsTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);
    private static final int TABLE = GuestPair.DATA + 0x800;
    private static final int FLAT = 0x10;
    private static final int BASED = 0x18;
    private static final int BEYOND_THE_LIMIT = 0x20;

    /** inc ecx; eax = the selector in the table at rSI that bit 4 of ecx chooses. */
    private static final String CHOOSE = "FFC1 89C8 C1E804 83E001 2E0FB70446";

    /** mov ds, eax; add edx, [edi]; push 10H; pop es; cli; add ebx, edx; jmp to the start. */
    private static final String NARROW = CHOOSE + "8ED8 0317 6A10 07 FA 01D3 EBE5";

    /** mov fs, eax; add edx, fs:[rdi]; push fs; pop gs; cli; add ebx, gs:[rdi]; jmp to the start. */
    private static final String WIDE = CHOOSE + "8EE0 640317 0FA0 0FA9 FA 65031F EBE2";

    /** In an iteration of either. */
    private static final int INSTRUCTIONS = 12;

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static GuestPair pair(boolean wide, String program) {
        GuestPair pair = new GuestPair(wide, AT_ONCE);
        pair.load(GuestPair.CODE, bytes(program));
        // Of descriptor 10H the base is 0 and the limit 4 GiB, of 18H 20000H and FFFH.
        pair.load(TABLE + FLAT, bytes("FFFF000000 93CF00"));
        pair.load(TABLE + BASED, bytes("FF0F000002 934000"));
        pair.load(0x20, bytes("01000000"));
        pair.load(GuestPair.DATA + 0x20, bytes("00010000"));
        for (GuestPair.Guest guest : pair.guests()) {
            guest.cpu.gdtrBase = TABLE;
            guest.cpu.gdtrLimit = BEYOND_THE_LIMIT - 1;
            guest.cpu.gpr[Cpu.RDI] = 0x20;
            guest.cpu.gpr[Cpu.RDX] = 0; // which a reset leaves the signature in
        }
        return pair;
    }

    private static void choose(GuestPair pair, int first, int second) {
        pair.load(GuestPair.DATA, (byte) first, (byte) 0, (byte) second, (byte) 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRegionGoesOnAfterThem(boolean wide) {
        try (GuestPair pair = pair(wide, wide ? WIDE : NARROW)) {
            choose(pair, FLAT, FLAT);
            pair.runWithinRegions("flat");
            for (int n = 0; n < 100; n++) pair.run(1 + n, "run " + n);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatFollowsUsesTheNewBase(boolean wide) {
        try (GuestPair pair = pair(wide, wide ? WIDE : NARROW)) {
            choose(pair, FLAT, BASED);
            for (int n = 0; n < 300; n++) pair.run(1 + n % 71, "run " + n);
            assertThat(pair.statistics().executed()).isGreaterThan(pair.executed() / 4);
            pair.run(INSTRUCTIONS - pair.executed() % INSTRUCTIONS, "to the end of an iteration");
            long sum = 0;
            for (long n = 1; n <= pair.executed() / INSTRUCTIONS; n++) sum += (n >> 4 & 1) == 0 ? 1 : 0x100;
            assertThat(pair.interpreted.cpu.gpr[Cpu.RDX]).isEqualTo(sum);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoadThatFaultsChangesNothing(boolean wide) {
        try (GuestPair pair = pair(wide, wide ? WIDE : NARROW)) {
            choose(pair, FLAT, FLAT);
            pair.run(10_000, "before");
            choose(pair, BEYOND_THE_LIMIT, BEYOND_THE_LIMIT);
            for (GuestPair.Guest guest : pair.guests()) guest.cpu.idtrLimit = 0;
            pair.run(100, "without a handler");
            assertThat(pair.translated.cpu.shutdown).isTrue();
            assertThat(pair.translated.cpu.rip).isEqualTo(GuestPair.CODE + 15);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSegmentIsMarkedAccessedInItsDescriptor(boolean wide) {
        try (GuestPair pair = pair(wide, wide ? WIDE : NARROW)) {
            choose(pair, FLAT, FLAT);
            pair.run(10_000, "before");
            pair.load(TABLE + FLAT + 5, (byte) 0x92);
            pair.run(100, "after");
            assertThat(pair.translated.bus.read(TABLE + FLAT + 5, 1)).isEqualTo(0x93);
        }
    }
}
