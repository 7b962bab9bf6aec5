package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.interpreter.Region;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where regions begin, end and lead: indirect branches, entrances, page crossings; and what has bytecode of its own. */
class RegionEdgesTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);
    private static final TranslatorSettings TINY = new TranslatorSettings(3, 9, 3);
    /** Has HotSpot asked for each region, and waits a little. */
    private static final TranslatorSettings PATIENT = new TranslatorSettings(2, 10, 200, 1000);

    /** eax steps a generator, whose bits 18:16 choose among eight targets in a table; one of them calls indirectly too. */
    private static final String WIDE_DISPATCH =
            "69C06D4EC641 0539300000 89C1 C1E910 83E107 FF24CE 48FFC3 EBE5 4801C3 EBE0"
                    + " 4831CB FF5640 EBD8 4829C3 4883D700 EBCF 488D141A C3 48C1CA03 C3";

    private static final int[] WIDE_TARGETS = {0x16, 0x1B, 0x20, 0x28, 0x20, 0x16, 0x28, 0x1B};
    private static final int[] WIDE_PROCEDURES = {0x31, 0x36};

    private static final String NARROW_DISPATCH =
            "69C06D4EC641 0539300000 89C1 C1E910 83E107 FF248E 43 EBE7 01C3 EBE3 31CB FF5620 EBDC 29C3 83D700 EBD5"
                    + " 8D141A C3 C1CA03 C3";

    private static final int[] NARROW_TARGETS = {0x16, 0x19, 0x1D, 0x24, 0x1D, 0x16, 0x24, 0x19};
    private static final int[] NARROW_PROCEDURES = {0x2B, 0x2F};

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static void point(GuestPair pair, boolean wide, int entry, long target) {
        int size = wide ? 8 : 4;
        ByteBuffer buffer =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, target);
        byte[] pointer = new byte[size];
        buffer.get(pointer);
        pair.load(GuestPair.DATA + entry * size, pointer);
    }

    private static void fillTable(GuestPair pair, boolean wide, int rotation) {
        int[] targets = wide ? WIDE_TARGETS : NARROW_TARGETS;
        int[] procedures = wide ? WIDE_PROCEDURES : NARROW_PROCEDURES;
        for (int n = 0; n < targets.length; n++) {
            point(pair, wide, n, GuestPair.CODE + targets[(n + rotation) % targets.length]);
        }
        point(pair, wide, targets.length, GuestPair.CODE + procedures[rotation % procedures.length]);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void indirectBranchesLeadWhereTheirTableSays(boolean wide) {
        for (TranslatorSettings settings : new TranslatorSettings[] {AT_ONCE, TINY, PATIENT}) {
            try (GuestPair pair = new GuestPair(wide, settings)) {
                pair.load(GuestPair.CODE, bytes(wide ? WIDE_DISPATCH : NARROW_DISPATCH));
                for (int rotation = 0; rotation < 8; rotation++) {
                    fillTable(pair, wide, rotation);
                    for (int n = 0; n < 20; n++) pair.run(1 + 97 * n, "table " + rotation + ", run " + n);
                }
                assertThat(translated(pair)).isGreaterThan(pair.executed() / 2);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x8000_0000_0000_0000L, 0x1_0000_0001_0016L, GuestPair.CODE + 0x31})
    void anIndirectBranchElsewhereLeavesTheRegion(long target) {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            pair.load(GuestPair.CODE, bytes(WIDE_DISPATCH));
            fillTable(pair, true, 0);
            pair.run(5000, "before");
            point(pair, true, 5, target);
            for (int n = 0; n < 20; n++) pair.run(50, "run " + n);
        }
    }

    @Test
    void aLoopIsEnteredAtItsHeadsWhereverARunEnded() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            // mov ecx, 5; inc rax; add rbx, rax; dec ecx; jnz inc; inc rdx; jmp start
            pair.load(GuestPair.CODE, bytes("B905000000 48FFC0 4801C3 FFC9 75F6 48FFC2 EBEC"));
            for (int n = 0; n < 200; n++) pair.run(1 + n % 61, "run " + n);
            assertThat(translated(pair)).isGreaterThan(pair.executed() / 4);
        }
    }

    @Test
    void codeThatRunsKeepStoppingInIsTranslatedOnceWithAnEntranceWhereTheyGoOn() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            // inc rax; jmp next; add rbx, rax; jmp next; xor rdx, rbx; jmp first
            pair.load(GuestPair.CODE, bytes("48FFC0 EB00 4801C3 EB00 4831DA EBF1"));
            for (int n = 0; n < 300; n++) pair.run(2L + 2L * (n % 11), "run " + n);
            assertThat(valid(pair)).singleElement().satisfies(region -> {
                assertThat(region.layout().instructions()).hasSize(6);
                assertThat(region.layout().entrances()).containsExactlyInAnyOrder(0, 5, 10);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void codeWhoseStartIsJumpedIntoIsInTheRegionOnce(boolean atOnce) {
        try (GuestPair pair = new GuestPair(true, atOnce ? AT_ONCE : TINY)) {
            // mov rcx, 7; loop: add rbx, rcx; xor rdx, rbx; dec rcx; jnz loop; inc rax; jmp start
            pair.load(GuestPair.CODE, bytes("48C7C107000000 4801CB 4831DA 48FFC9 75F5 48FFC0 EBE9"));
            for (int n = 0; n < 100; n++) pair.run(1000 + n, "run " + n);
            int[] distances = valid(pair).getFirst().layout().distances();
            assertThat(distances).doesNotHaveDuplicates();
            if (atOnce) assertThat(distances).hasSize(7);
        }
    }

    @Test
    void accessesThatKeepMissingTheTlbAreTranslatedToWalkInPlace() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            // mov rax, [rsi + FFCH]; add rbx, rax; mov [rsi + 1FFAH], rbx; add dword [rsi + 2FFEH], 5; inc rcx; jmp
            // start
            // What lies in two pages is in no TLB.
            pair.load(GuestPair.CODE, bytes("488B86FC0F0000 4801C3 48899EFA1F0000 8386FE2F000005 48FFC1 EBE3"));
            pair.load(GuestPair.DATA + 0xFFC, bytes("0123456789ABCDEF"));
            for (int n = 0; n < 100; n++) pair.run(1 + n, "leaving, run " + n);
            pair.run(100_000, "leaving");
            long before = translated(pair);
            for (int n = 0; n < 100; n++) pair.run(100 + n, "walking, run " + n);
            assertThat(translated(pair) - before).isGreaterThan(12_000);
        }
    }

    /** From FF5H on: add rax, 1; cmp rax, rcx; add rbx, 3 (which lies in two pages); xor rdx, rbx; jmp back. */
    private static GuestPair loopInTwoPages() {
        GuestPair pair = new GuestPair(true, AT_ONCE);
        pair.load(GuestPair.CODE, bytes("E9F00F0000"));
        pair.load(GuestPair.CODE + 0xFF5, bytes("4883C001 4839C8 4881C303000000 4831DA EBED"));
        pair.run(2000, "warming up");
        assertThat(translated(pair)).isGreaterThan(1000);
        return pair;
    }

    @Test
    void aLoopInTwoPagesFollowsASecondPageThatIsMappedElsewhere() {
        try (GuestPair pair = loopInTwoPages()) {
            // The other frame has 7 where this one has 3, and OR instead of XOR.
            pair.load(GuestPair.CODE + 0x5000, bytes("000000 4809DA EBED"));
            pair.map(GuestPair.CODE + 0x1000, GuestPair.CODE + 0x5000);
            for (int n = 0; n < 50; n++) pair.run(33 + n, "mapped elsewhere, run " + n);
            pair.map(GuestPair.CODE + 0x1000, GuestPair.CODE + 0x1000);
            for (int n = 0; n < 50; n++) pair.run(33 + n, "mapped back, run " + n);
        }
    }

    @Test
    void anInstructionInTwoPagesIsExecutedAsItsTailWasRewritten() {
        try (GuestPair pair = loopInTwoPages()) {
            long before = pair.translated.cpu.gpr[Cpu.RBX];
            pair.load(GuestPair.CODE + 0x1000, bytes("01")); // the immediate is 103H now
            pair.run(5000, "after");
            assertThat(pair.translated.cpu.gpr[Cpu.RBX] - before).isEqualTo(1000 * 0x103);
        }
    }

    @Test
    void aLoopWhoseSecondPageGoesFaults() {
        try (GuestPair pair = loopInTwoPages()) {
            pair.unmap(GuestPair.CODE + 0x1000);
            pair.run(1000, "without the page");
            assertThat(pair.translated.cpu.shutdown).isTrue();
        }
    }

    /** Moves of all kinds between XMM registers and memory that is not aligned, some arithmetic, 16 bytes on each time. */
    private static GuestPair simdMoves() {
        GuestPair pair = new GuestPair(true, AT_ONCE);
        pair.load(
                GuestPair.CODE,
                bytes("F30F6F06 F20F104E03 F30F105605 0F12D8 0F16E1 F30F10E8 F20F10F0 F30F7EF8 660FD4C7 F2440F58C1"
                        + " F2440F59C6 F30F7F4601 F20F116628 F30F116E32 0F175E3C 0F135648 440F294650 440F284E50"
                        + " 440F16563D 440F125E01 66440FD65E60 4883C607 4883E6F0 4883C610 48FFC0 EB90"));
        byte[] data = new byte[0x8000];
        new Random(5).nextBytes(data);
        pair.load(GuestPair.DATA, data);
        for (GuestPair.Guest guest : pair.guests()) {
            guest.cpu.cr4 |= ControlRegister.CR4_OSFXSR;
            guest.cpu.updateMode();
        }
        return pair;
    }

    @Test
    void xmmRegistersAreMovedAsTheInterpreterMovesThem() {
        try (GuestPair pair = simdMoves()) {
            for (int n = 0; n < 60; n++) pair.run(500 + n, "run " + n);
            assertThat(translated(pair)).isGreaterThan(pair.executed() / 2);
        }
    }

    @Test
    void aStoreOfSixteenBytesIntoAPageThatIsNotThereStoresNothing() {
        try (GuestPair pair = simdMoves()) {
            pair.load(GuestPair.CODE, bytes("F30F7F4601 4883C610 EBF5")); // movdqu [rsi+1], xmm0; add rsi, 16; jmp back
            for (GuestPair.Guest guest : pair.guests()) guest.cpu.xmm[0] = -1;
            pair.unmap(GuestPair.DATA + 0x2000);
            pair.run(100_000, "until the fault");
            assertThat(pair.translated.cpu.shutdown).isTrue();
            assertThat(pair.translated.cpu.gpr[Cpu.RSI]).isEqualTo(GuestPair.DATA + 0x1FF0);
        }
    }

    @Test
    void anXmmInstructionFaultsWhenItIsSwitchedOff() {
        try (GuestPair pair = simdMoves()) {
            pair.run(2000, "before");
            for (GuestPair.Guest guest : pair.guests()) guest.cpu.cr0 |= ControlRegister.CR0_TS;
            pair.run(100, "after");
            assertThat(pair.translated.cpu.shutdown).isTrue();
        }
    }

    @Test
    void divisionLeavesTheFlagsAndMultiplicationSetsThem() {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            // mov rax, [rsi]; xor edx, edx; mov ecx, [rsi+8]; or ecx, 1; add rbx, rax; div rcx; adc rdi, rdx; sub rbx,
            // rax;
            // cdq; idiv ecx; sbb rdi, 3; inc rbp; mul rcx; adc rdi, 5; setp r8b; xor [rsi], rdx; add [rsi+8], rdi; jmp
            // back
            pair.load(
                    GuestPair.CODE,
                    bytes(
                            "488B06 31D2 8B4E08 83C901 4801C3 48F7F1 4811D7 4829C3 99 F7F9 4883DF03 48FFC5 48F7E1 4883D705"
                                    + " 410F9AC0 483116 48017E08 EBCB"));
            byte[] data = new byte[16];
            new Random(3).nextBytes(data);
            pair.load(GuestPair.DATA, data);
            for (int n = 0; n < 100; n++) pair.run(18 * 5 + n % 18, "run " + n);
        }
    }

    /** Dividends and divisors at the edges of what divides fast, and of what raises #DE, which ends the guest. */
    @ParameterizedTest
    @ValueSource(strings = {"F7F1", "F7F9", "48F7F1", "48F7F9", "F7E1", "F7E9", "48F7E1", "48F7E9"})
    void oneOperandProductsAndQuotientsAreTheInterpreters(String operation) {
        long[] values = {0, 1, -1, 0x7FFF_FFFFL, 0x8000_0000L, Long.MIN_VALUE, 12345};
        GuestPair pair = endless(operation);
        for (long divisor : values) {
            for (long high : values) {
                for (long low : values) {
                    for (GuestPair.Guest guest : pair.guests()) {
                        guest.cpu.gpr[Cpu.RCX] = divisor;
                        guest.cpu.gpr[8] = low;
                        guest.cpu.gpr[9] = high;
                    }
                    pair.run(19, operation + " of " + high + ":" + low + " by " + divisor);
                    if (!pair.interpreted.cpu.shutdown) continue;
                    pair.close();
                    pair = endless(operation);
                    pair.run(28, "from the start");
                }
            }
        }
        pair.close();
    }

    /** The operation of rDX:rAX by rCX; pushfq; pop rbx; mov rax, r8; mov rdx, r9; add rsi, rbx; jmp back. Starts with 1 by 1. */
    private static GuestPair endless(String operation) {
        GuestPair pair = new GuestPair(true, AT_ONCE);
        String rest = "9C5B 4C89C0 4C89CA 4801DE";
        byte[] before = bytes(operation + rest);
        pair.load(GuestPair.CODE, bytes(operation + rest + "EB%02X".formatted(-before.length - 2 & 0xFF)));
        for (GuestPair.Guest guest : pair.guests()) {
            guest.cpu.gpr[Cpu.RCX] = 1;
            guest.cpu.gpr[Cpu.RAX] = 1;
            guest.cpu.gpr[8] = 1;
        }
        return pair;
    }

    private static List<Region> valid(GuestPair pair) {
        return ((TranslatingEngine) pair.translated.engine)
                .hottest().stream()
                        .map(TranslatedRegion::region)
                        .filter(Region::isValid)
                        .toList();
    }

    private static long translated(GuestPair pair) {
        return pair.statistics().executed();
    }
}
