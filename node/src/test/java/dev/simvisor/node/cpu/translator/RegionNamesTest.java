package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.disassemble.SymbolTable;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a Java profiler shows of guest code. */
class RegionNamesTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);

    private static String nameOfALoop(SymbolTable symbols, RegionLibrary library) {
        GuestPair.Guest guest = new GuestPair.Guest(true, cpu -> new TranslatingEngine(cpu, AT_ONCE, library, symbols));
        try (guest.bus) {
            guest.bus.load(GuestPair.CODE, HexFormat.of().parseHex("48FFC0EBFB")); // inc rax; jmp to it
            guest.engine.run(1000);
            List<TranslatedRegion> regions = ((TranslatingEngine) guest.engine).hottest();
            String name = regions.getFirst().region().getClass().getSimpleName();
            return name.substring(0, name.indexOf('/'));
        }
    }

    private static SymbolTable symbol(long address, String name) {
        return new SymbolTable(List.of(new SymbolTable.Symbol(address, name)));
    }

    @Test
    void aRegionIsNamedByItsAddressAndTheSymbolThatItIsBehind() {
        assertThat(nameOfALoop(SymbolTable.NONE, new RegionLibrary())).isEqualTo("Region_10000");
        assertThat(nameOfALoop(symbol(GuestPair.CODE, "spin"), new RegionLibrary()))
                .isEqualTo("Region_10000_spin");
        assertThat(nameOfALoop(symbol(GuestPair.CODE - 2, "spin.part.0/[x];"), new RegionLibrary()))
                .isEqualTo("Region_10000_spin_part_0__x__");
    }

    @Test
    void ofALongSymbolTheNameHasTheStart() {
        assertThat(nameOfALoop(symbol(GuestPair.CODE, "_Z".repeat(100_000)), new RegionLibrary()))
                .startsWith("Region_10000__Z_Z")
                .hasSizeLessThan(200);
    }

    @Test
    void whatAnotherGuestCallsTheSameCodeDoesNotMatter() {
        RegionLibrary library = new RegionLibrary();
        nameOfALoop(symbol(GuestPair.CODE, "spin"), library);
        assertThat(nameOfALoop(symbol(GuestPair.CODE, "wait"), library)).isEqualTo("Region_10000_spin");
    }
}
