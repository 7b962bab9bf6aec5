package dev.simvisor.controller.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.embedded.LocalVm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BootRunTest {
    private static final int CHUNK = 4096;

    /** Somebody who never stops typing. */
    private static final class Flood implements SerialLine {
        private long taken;

        @Override
        public byte[] takeInput() {
            taken += CHUNK;
            return new byte[CHUNK];
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public boolean quitRequested() {
            return false;
        }

        @Override
        public void awaitInput(long nanos) {}

        @Override
        public void put(int value) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "trap", "translate", "hardware"})
    void aSmallMachineHasRoomForAllThatTheVmmNeedsForManyProcessors(String mode) throws Exception {
        try (LocalVm vm = LocalVm.booted(BuiltInGuest.inMode(mode, 32))) {
            vm.runUntil(Long.MAX_VALUE, 10_000);
            assertThat(vm.instructions()).isEqualTo(10_000);
        }
    }

    @Test
    void noMoreIsTakenFromTheLineThanTheGuestMayRead() throws Exception {
        Flood flood = new Flood();
        // Too early for the guest to read anything.
        BootRun.Limits limits = new BootRun.Limits(1000, Long.MAX_VALUE);
        try (LocalVm vm = LocalVm.booted(BuiltInGuest.inMode("bare"))) {
            for (int n = 0; n < 100; n++) new BootRun(vm, flood, limits, false, Debugger.NONE).run();
        }
        assertThat(flood.taken).isEqualTo(1 << 16);
    }
}
