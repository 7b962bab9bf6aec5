package dev.simvisor.controller.boot;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.OnReboot;
import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Requests for the guest that the program has built in. */
public final class BuiltInGuest {
    private BuiltInGuest() {}

    /** The guest in 64 MiB on one processor, interpreted. */
    public static VmRequest inMode(String mode) throws IOException {
        return inMode(mode, 1);
    }

    /** The same with so many processors, of which the guest uses one. */
    public static VmRequest inMode(String mode, int processors) throws IOException {
        try (InputStream image =
                Objects.requireNonNull(LocalVm.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf"))) {
            return new VmRequest(
                    new VmRequest.Kernel(new VmRequest.Image("builtin", image.readAllBytes()), Optional.empty(), ""),
                    new MemorySize(64 << 20),
                    List.of(),
                    processors,
                    mode,
                    "",
                    Optional.empty(),
                    false,
                    OnReboot.RESTART,
                    EngineChoice.interpreter,
                    Optional.empty());
        }
    }
}
