package dev.simvisor.controller.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void columnsAreAsWideAsTheirWidestCellAndFiguresStandToTheRight() {
        Table table = Table.of("VM", ">MEMORY", "HOST").row("a", 5, "host-1").row("longer", 1024, "");

        assertThat(table.lines())
                .containsExactly(
                        "VM      MEMORY  HOST", //
                        "a            5  host-1",
                        "longer    1024");
    }

    @Test
    void aRowHasACellForEveryColumn() {
        assertThatThrownBy(() -> Table.of("VM", "HOST").row("a")).isInstanceOf(IllegalArgumentException.class);
    }
}
