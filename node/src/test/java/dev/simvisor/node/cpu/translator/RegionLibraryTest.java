package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a translator takes of what others have made, and what it does not. */
class RegionLibraryTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);
    /** Makes nothing itself. */
    private static final TranslatorSettings NEVER = new TranslatorSettings(1_000_000, 200, 1000);

    /** inc rax; add rbx, rax; dec ecx; jnz on; inc rdx; on: jmp inc rax. */
    private static final String LOOP = "48FFC0 4801C3 FFC9 7503 48FFC2 EBF0";

    private final RegionLibrary library = new RegionLibrary();

    private static void load(GuestPair pair, String code) {
        pair.load(GuestPair.CODE, HexFormat.of().parseHex(code.replace(" ", "")));
    }

    private TranslatorStatistics after(String code, TranslatorSettings settings, boolean wide) {
        try (GuestPair pair = new GuestPair(wide, settings, library)) {
            load(pair, code);
            for (int n = 0; n < 100; n++) pair.run(100 + n, "run " + n);
            return pair.statistics();
        }
    }

    @BeforeEach
    void oneGuestHasTranslatedTheLoop() {
        TranslatorStatistics first = after(LOOP, AT_ONCE, true);
        assertThat(first.regions()).isPositive();
        assertThat(first.executed()).isGreaterThan(10_000);
    }

    @Test
    void aGuestWithTheSameCodeTakesItsRegions() {
        TranslatorStatistics second = after(LOOP, NEVER, true);
        assertThat(second.regions()).isZero();
        assertThat(second.shared()).isPositive();
        assertThat(second.executed()).isGreaterThan(5_000);
    }

    @Test
    void aGuestThatWouldTranslateTheSameTakesItsRegions() {
        TranslatorStatistics second = after(LOOP, AT_ONCE, true);
        assertThat(second.regions()).isZero();
        assertThat(second.shared()).isPositive();
        assertThat(second.executed()).isGreaterThan(10_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "48FFC0 4829C3 FFC9 7503 48FFC2 EBF0", // sub rbx, rax in the place of add
                "48FFC0 4801C3 FFC9 7403 48FFC2 EBF0", // jz in the place of jnz
                "48FFC0 4801C3 FFC9 7500 48FFC2 EBF0", // that leads nowhere else
                "48FFC1 4801C3 FFC9 7503 48FFC2 EBF0", // inc rcx in the place of inc rax
            })
    void otherCodeInTheSamePlaceIsNotTakenForIt(String code) {
        TranslatorStatistics other = after(code, NEVER, true);
        assertThat(other.shared()).isZero();
        assertThat(other.executed()).isZero();
    }

    @Test
    void theSameBytesInAnotherModeAreNotTakenForIt() {
        assertThat(after(LOOP, NEVER, false).shared()).isZero();
    }

    @Test
    void codeThatIsRewrittenIsTakenNoLonger() {
        try (GuestPair pair = new GuestPair(true, NEVER, library)) {
            load(pair, LOOP);
            pair.run(10_000, "before");
            long before = pair.statistics().executed();
            assertThat(before).isPositive();
            load(pair, "48FFC1");
            for (int n = 0; n < 100; n++) pair.run(100 + n, "after, run " + n);
            assertThat(pair.statistics().executed()).isEqualTo(before);
        }
    }

    /** Classes of which nothing matters but which is which. */
    private static List<RegionClass> some(int count) {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            load(pair, LOOP);
            pair.run(1000, "run");
            byte[] code = pair.hottest().getFirst().classFile();
            return Stream.generate(() -> RegionClass.load(new RegionClass.Shape(List.of(), List.of()), "", code))
                    .limit(count)
                    .toList();
        }
    }

    @Test
    void ofManyClassesAtOnePlaceTheLatestStay() {
        RegionLibrary.Place place = new RegionLibrary.Place(GuestPair.CODE, 0);
        List<RegionClass> made = some(100);
        made.forEach(one -> library.add(place, one));
        assertThat(library.at(place)).startsWith(made.get(99), made.get(98)).hasSizeLessThan(10);
    }

    @Test
    void ofTooManyClassesThoseGoThatWereNotAskedForLongest() {
        RegionClass any = some(1).getFirst();
        for (int n = 0; n < RegionLibrary.MOST_CLASSES; n++) library.add(new RegionLibrary.Place(n, 0), any);
        assertThat(library.at(new RegionLibrary.Place(1000, 0))).isNotEmpty();
        for (int n = 0; n < RegionLibrary.MOST_CLASSES - 2; n++) library.add(new RegionLibrary.Place(-n - 1, 0), any);
        assertThat(library.at(new RegionLibrary.Place(1000, 0))).isNotEmpty();
        assertThat(library.at(new RegionLibrary.Place(1001, 0))).isEmpty();
    }
}
