package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NaturalOrderTest {
    private static final List<String> SORTED = List.of(
            "2",
            "10",
            "A",
            "h",
            "h-",
            "h-1",
            "h-1-2",
            "h-1-10",
            "h-2",
            "h-9a",
            "h-10",
            "h-10b2",
            "h-010b3",
            "h01",
            "h1",
            "h99999999999999999999",
            "h100000000000000000000");

    @Test
    void numbersInNamesCountAsNumbersAndNoTwoNamesAreTheSame() {
        for (int seed = 0; seed < 100; seed++) {
            List<String> names = new ArrayList<>(SORTED);
            Collections.shuffle(names, new Random(seed));
            names.sort(NaturalOrder.OF_NAMES);
            assertThat(names).isEqualTo(SORTED);
        }
    }
}
