package dev.simvisor.node.machine.device.power;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.time.VirtualClock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PowerTest {
    private final List<String> told = new ArrayList<>();
    private final VirtualClock clock = new VirtualClock(1_000_000_000L, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
    private boolean systemControlInterrupt;
    private final PowerControl power = new PowerControl(
            clock, asserted -> systemControlInterrupt = asserted, () -> told.add("off"), () -> told.add("reset"));
    private final KeyboardController keyboard = new KeyboardController(() -> told.add("reset"));

    @Test
    void sleepTypeFiveWithSleepEnableTurnsOff() {
        power.writeControl(1, 5 << 2);
        assertThat(told).isEmpty();
        power.writeControl(1, 1 << 5 | 4 << 2);
        assertThat(told).isEmpty();
        power.writeControl(1, 1 << 5 | 5 << 2);
        assertThat(told).containsExactly("off");
    }

    @Test
    void acpiModeIsAlwaysOn() {
        power.writeControl(0, 0);
        assertThat(power.readControl(0) & 1).isEqualTo(1);
    }

    @Test
    void thePowerButtonInterruptsWhenEnabledUntilItsStatusIsCleared() {
        power.pressPowerButton();
        assertThat(systemControlInterrupt).isFalse();
        power.writeEvent(3, 1);
        assertThat(systemControlInterrupt).isTrue();
        assertThat(power.readEvent(1)).isEqualTo(1);
        power.writeEvent(1, 1);
        assertThat(systemControlInterrupt).isFalse();
    }

    @Test
    void theTimerRunsAtItsRate() {
        clock.skipTo(2_000_000_000L);
        assertThat(power.readTimer()).isEqualTo(2 * 3_579_545);
    }

    @Test
    void resetsComeFromThreePlaces() {
        power.writeResetControl(PowerControl.RESET_VALUE);
        power.systemControl(0x03);
        keyboard.write(1, 0xFE);
        assertThat(told).containsExactly("reset", "reset", "reset");
        assertThat(power.systemControl()).isEqualTo(0x02);
    }

    @Test
    void theKeyboardControllerPassesItsSelfTest() {
        assertThat(keyboard.read(1) & 1).isZero();
        keyboard.write(1, 0xAA);
        assertThat(keyboard.read(1) & 1).isEqualTo(1);
        assertThat(keyboard.read(0)).isEqualTo(0x55);
        keyboard.write(1, 0x60);
        keyboard.write(0, 0x47);
        keyboard.write(1, 0x20);
        assertThat(keyboard.read(0)).isEqualTo(0x47);
    }

    @Test
    void aControllerWithNothingAttachedSaysSoWhenItsInterfacesAreTested() {
        KeyboardController alone = KeyboardController.withNothingAttached(() -> told.add("reset"));
        for (int test : new int[] {0xA9, 0xAB}) {
            keyboard.write(1, test);
            assertThat(keyboard.read(0)).isZero();
            alone.write(1, test);
            assertThat(alone.read(0)).isEqualTo(2);
        }
        alone.write(1, 0xFE);
        assertThat(told).containsExactly("reset");
    }

    @Test
    void stateIsKept() {
        power.writeEvent(3, 1);
        power.pressPowerButton();
        keyboard.write(1, 0xAA);
        PowerControl otherPower = new PowerControl(clock, asserted -> {}, () -> {}, () -> {});
        otherPower.restore(power.save());
        assertThat(otherPower.save()).isEqualTo(power.save());
        KeyboardController otherKeyboard = new KeyboardController(() -> {});
        otherKeyboard.restore(keyboard.save());
        assertThat(otherKeyboard.read(0)).isEqualTo(0x55);
    }
}
