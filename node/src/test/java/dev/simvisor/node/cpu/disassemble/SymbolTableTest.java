package dev.simvisor.node.cpu.disassemble;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SymbolTableTest {
    private final SymbolTable table = new SymbolTable(List.of(
            new SymbolTable.Symbol(0xFFFF_FFFF_8100_0000L, "startup"),
            new SymbolTable.Symbol(0xFFFF_FFFF_8100_0000L, "alias"),
            new SymbolTable.Symbol(0xFFFF_FFFF_8100_0040L, "memset"),
            new SymbolTable.Symbol(0x40_0000, "main")));

    private Optional<String> text(long address) {
        return table.at(address).map(SymbolTable.Place::text);
    }

    @Test
    void aPlaceIsNamedByTheSymbolAtOrBeforeIt() {
        assertThat(text(0xFFFF_FFFF_8100_0000L)).contains("startup");
        assertThat(text(0xFFFF_FFFF_8100_003FL)).contains("startup+0x3f");
        assertThat(text(0xFFFF_FFFF_8100_0049L)).contains("memset+0x9");
        assertThat(text(0x40_0001)).contains("main+0x1");
    }

    @Test
    void whatIsFarBehindEverySymbolHasNoName() {
        assertThat(text(0x3F_FFFF)).isEmpty();
        assertThat(text(0x40_FFFF)).contains("main+0xffff");
        assertThat(text(0x41_0000)).isEmpty();
        assertThat(text(0xFFFF_FFFF_80FF_FFFFL)).isEmpty();
        assertThat(SymbolTable.NONE.at(0)).isEmpty();
    }
}
