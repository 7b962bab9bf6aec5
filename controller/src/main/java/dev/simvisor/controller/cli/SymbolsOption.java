package dev.simvisor.controller.cli;

import dev.simvisor.controller.boot.VmRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Names for the guest's code, where people look at it (picocli mixin). */
final class SymbolsOption {
    @Option(
            names = "--symbols",
            paramLabel = "FILE",
            description =
                    "Names of the guest's code, as nm prints them of its kernel or the guest's /proc/kallsyms has them. Default: those in the kernel's ELF file, if any.")
    private @Nullable Path file;

    /** The file, if one was given. */
    Optional<VmRequest.Image> image() throws CommandFailed, IOException {
        if (file == null) {
            return Optional.empty();
        }
        byte[] bytes = GuestOptions.existing("--symbols", file).read();
        return Optional.of(new VmRequest.Image(file.toString(), bytes));
    }
}
