package dev.simvisor.config;

import static dev.simvisor.config.VirtualizationMode.BARE;
import static dev.simvisor.config.VirtualizationMode.HARDWARE;
import static dev.simvisor.config.VirtualizationMode.PARA;
import static dev.simvisor.config.VirtualizationMode.TRANSLATE;
import static dev.simvisor.config.VirtualizationMode.TRAP;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VirtualizationModeTest {
    private static final Set<VirtualizationMode> ALL = EnumSet.allOf(VirtualizationMode.class);

    @Test
    void vmIsCarriedOnInItsOwnModeWhereThatIsOffered() {
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            assertThat(mode.carriedOn(ALL)).contains(mode);
        }
    }

    @Test
    void translationAndHardwareAssistanceStandInForEachOther() {
        assertThat(TRANSLATE.carriedOn(List.of(BARE, TRAP, HARDWARE))).contains(HARDWARE);
        assertThat(HARDWARE.carriedOn(List.of(BARE, TRAP, TRANSLATE))).contains(TRANSLATE);
    }

    @Test
    void nothingElseStandsInForAnything() {
        for (VirtualizationMode mode : List.of(BARE, TRAP, PARA)) {
            assertThat(mode.carriedOn(EnumSet.complementOf(EnumSet.of(mode)))).isEmpty();
        }
        for (VirtualizationMode mode : List.of(TRANSLATE, HARDWARE)) {
            assertThat(mode.carriedOn(List.of(BARE, TRAP, PARA))).isEmpty();
        }
    }
}
