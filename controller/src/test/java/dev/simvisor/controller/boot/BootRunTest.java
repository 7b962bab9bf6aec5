package dev.simvisor.controller.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.config.MemorySize;
import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

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

    @Test
    void noMoreIsTakenFromTheLineThanTheGuestMayRead() throws Exception {
        Flood flood = new Flood();
        // Too early for the guest to read anything.
        BootRun.Limits limits = new BootRun.Limits(1000, Long.MAX_VALUE);
        try (LocalVm vm = LocalVm.booted(builtInGuest())) {
            for (int n = 0; n < 100; n++) new BootRun(vm, flood, limits, false).run();
        }
        assertThat(flood.taken).isEqualTo(1 << 16);
    }

    private static VmRequest builtInGuest() throws IOException {
        try (InputStream image =
                Objects.requireNonNull(LocalVm.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf"))) {
            return new VmRequest(
                    new VmRequest.Kernel(new VmRequest.Image("builtin", image.readAllBytes()), Optional.empty(), ""),
                    new MemorySize(64 << 20),
                    List.of(),
                    1,
                    "bare",
                    "",
                    Optional.empty(),
                    false,
                    EngineChoice.interpreter,
                    Optional.empty());
        }
    }
}
