package dev.simvisor.controller.cli;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.LocalVm;
import dev.simvisor.controller.guest.BootFile;
import dev.simvisor.controller.guest.CacheOption;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The guest whose code a verb of {@code simvisor explain} looks at. */
final class ExplainedGuest {
    private static final MemorySize DEFAULT_MEMORY = new MemorySize(256L << 20);

    @Option(
            names = "--guest",
            paramLabel = "NAME",
            description = "A guest that simvisor guest list shows. Default: builtin.")
    private @Nullable String guest;

    @Option(names = "--kernel", paramLabel = "FILE", description = "A Linux bzImage or a multiboot ELF.")
    private @Nullable Path kernel;

    @Option(names = "--append", paramLabel = "TEXT", description = "The kernel's command line.")
    private @Nullable String append;

    @Mixin
    private CacheOption cacheOption = new CacheOption();

    /** To boot it in a mode, on one processor. */
    VmRequest request(String mode, EngineChoice engine) throws BootRefused, GuestException, IOException {
        if (kernel != null && guest != null) {
            throw new BootRefused("give either --kernel FILE or --guest NAME");
        }
        if (kernel != null) {
            if (!Files.isRegularFile(kernel)) {
                throw new BootRefused("--kernel " + kernel + ": no such file");
            }
            VmRequest.Image image = new VmRequest.Image(kernel.toString(), new BootFile.OnDisk(kernel).read());
            return request(image, Optional.empty(), "", DEFAULT_MEMORY, mode, engine);
        }
        VirtualizationMode known = VirtualizationMode.named(mode)
                .orElseThrow(() -> new BootRefused(LocalVm.modeRefusal(mode).orElseThrow()));
        GuestImage image = cacheOption.cache().resolve(Objects.requireNonNullElse(guest, "builtin"), known);
        Optional<VmRequest.Image> initrd = image.initrd().isPresent()
                ? Optional.of(new VmRequest.Image(
                        image.name() + " initrd", image.initrd().get().read()))
                : Optional.empty();
        return request(
                new VmRequest.Image(image.name() + " kernel", image.kernel().read()),
                initrd,
                image.commandLine(),
                image.memory(),
                mode,
                engine);
    }

    private VmRequest request(
            VmRequest.Image kernelImage,
            Optional<VmRequest.Image> initrd,
            String commandLine,
            MemorySize memory,
            String mode,
            EngineChoice engine) {
        return new VmRequest(
                kernelImage,
                initrd,
                Objects.requireNonNullElse(append, commandLine),
                memory,
                List.of(),
                1,
                mode,
                "",
                Optional.empty(),
                false,
                engine);
    }
}
