package dev.simvisor.controller.cli;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.guest.BootFile;
import dev.simvisor.controller.guest.CacheOption;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a VM boots, and in how much memory, for every command that makes one (picocli mixin). */
final class GuestOptions {
    private static final MemorySize DEFAULT_MEMORY = new MemorySize(256L << 20);

    /** The command that these options belong to. */
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(
            names = "--guest",
            paramLabel = "NAME",
            description = "A guest that simvisor guest list shows, in place of a kernel.")
    private @Nullable String guest;

    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description = "A Linux bzImage or a multiboot ELF; in mode para one with Xen's notes.")
    private @Nullable Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "The initial file system.")
    private @Nullable Path initrd;

    @Option(
            names = "--append",
            paramLabel = "TEXT",
            description = "The kernel's command line. Default: the guest's own, or nothing.")
    private @Nullable String append;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "The VM's memory, such as 512M. Default: the guest's own, or 256M.")
    private @Nullable MemorySize memory;

    @Mixin
    private CacheOption cacheOption = new CacheOption();

    /**
     * The guest of the catalogue, or one made of the kernel, with the command line and the memory that were asked for.
     *
     * @param mode the virtualization mode that it is for
     */
    GuestImage image(VirtualizationMode mode) throws CommandFailed, GuestException {
        if ((kernel == null) == (guest == null)) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(), "give either --kernel FILE or --guest NAME");
        }
        GuestImage image = guest == null ? ofKernel(Objects.requireNonNull(kernel)) : ofCatalogue(guest, mode);
        return new GuestImage(
                image.name(),
                image.kernel(),
                image.initrd(),
                Objects.requireNonNullElse(append, image.commandLine()),
                Objects.requireNonNullElse(memory, image.memory()));
    }

    private GuestImage ofCatalogue(String name, VirtualizationMode mode) throws CommandFailed, GuestException {
        if (initrd != null) {
            throw new CommandFailed("--initrd goes with --kernel; the guest " + name + " has its own");
        }
        return cacheOption.cache().resolve(name, mode);
    }

    private GuestImage ofKernel(Path file) throws CommandFailed {
        Optional<BootFile> initialFiles = initrd == null ? Optional.empty() : Optional.of(existing("--initrd", initrd));
        return new GuestImage(file.toString(), existing("--kernel", file), initialFiles, "", DEFAULT_MEMORY);
    }

    private static BootFile existing(String option, Path file) throws CommandFailed {
        if (!Files.isRegularFile(file)) {
            throw new CommandFailed(option + " " + file + ": no such file");
        }
        return new BootFile.OnDisk(file);
    }
}
