package dev.simvisor.controller.cli;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.OnReboot;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a VM boots, and in how much memory, for every command that makes one (picocli mixin). */
final class GuestOptions {
    private static final MemorySize DEFAULT_MEMORY = new MemorySize(256L << 20);

    /** Of the catalogue; null if one must be named. */
    private final @Nullable String defaultGuest;

    /** Of that guest. */
    private final @Nullable String defaultCommandLine;

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

    /** One must be named. */
    GuestOptions() {
        defaultGuest = null;
        defaultCommandLine = null;
    }

    /** @param defaultGuest of the catalogue, where none is named */
    GuestOptions(String defaultGuest) {
        this.defaultGuest = defaultGuest;
        defaultCommandLine = null;
    }

    /**
     * @param defaultGuest of the catalogue, where none is named
     * @param defaultCommandLine then, and where none is given
     */
    GuestOptions(String defaultGuest, String defaultCommandLine) {
        this.defaultGuest = defaultGuest;
        this.defaultCommandLine = defaultCommandLine;
    }

    /**
     * The guest of the catalogue, or one made of the kernel, with the command line and the memory that were asked for.
     *
     * @param mode the virtualization mode that it is for
     */
    GuestImage image(VirtualizationMode mode) throws CommandFailed, GuestException {
        boolean byDefault = guest == null && kernel == null;
        String named = byDefault ? defaultGuest : guest;
        String commandLine = byDefault && append == null ? defaultCommandLine : append;
        if ((kernel == null) == (named == null)) {
            CommandSpec spec = Objects.requireNonNull(command);
            String choice = spec.findOption("--bios") == null
                    ? "give either --kernel FILE or --guest NAME"
                    : "give one of --kernel FILE, --guest NAME and --bios FILE";
            throw new ParameterException(spec.commandLine(), choice);
        }
        GuestImage image = named == null ? ofKernel(Objects.requireNonNull(kernel)) : ofCatalogue(named, mode);
        return new GuestImage(
                image.name(),
                image.kernel(),
                image.initrd(),
                Objects.requireNonNullElse(commandLine, image.commandLine()),
                Objects.requireNonNullElse(memory, image.memory()));
    }

    /** To boot it on one processor, with nothing besides but names for its code, if there are any. */
    VmRequest request(VirtualizationMode mode, EngineChoice engine, Optional<VmRequest.Image> symbols)
            throws CommandFailed, GuestException, IOException {
        GuestImage image = image(mode);
        return new VmRequest(
                kernel(image),
                image.memory(),
                List.of(),
                1,
                mode.toString(),
                "",
                Optional.empty(),
                false,
                OnReboot.RESTART,
                engine,
                symbols);
    }

    /** What a VM starts from that boots the guest. */
    static VmRequest.Kernel kernel(GuestImage image) throws IOException {
        Optional<BootFile> initrd = image.initrd();
        return new VmRequest.Kernel(
                read(image, "kernel", image.kernel()),
                initrd.isPresent() ? Optional.of(read(image, "initrd", initrd.get())) : Optional.empty(),
                image.commandLine());
    }

    /** Refuses an option that says what kernel to boot, beside another that says what to boot. */
    void refuseKernelBeside(String option) throws CommandFailed {
        if (guest != null || kernel != null || initrd != null || append != null) {
            throw new CommandFailed(option
                    + " goes without --kernel, --guest, --initrd and --append: firmware starts what is on a --disk");
        }
    }

    /** The memory asked for, or what a guest that asks for none gets. */
    MemorySize memory() {
        return Objects.requireNonNullElse(memory, DEFAULT_MEMORY);
    }

    private static VmRequest.Image read(GuestImage image, String part, BootFile file) throws IOException {
        String name = switch (file) {
            case BootFile.OnDisk(Path path) -> path.toString();
            case BootFile.Bundled _ -> image.name() + " " + part;
        };
        return new VmRequest.Image(name, file.read());
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

    static BootFile existing(String option, Path file) throws CommandFailed {
        if (!Files.isRegularFile(file)) {
            String problem = Files.isDirectory(file) ? "a folder" : "not a regular file";
            throw new CommandFailed(
                    option + " " + file + ": " + (Files.exists(file) ? problem + ": expected a file" : "no such file"));
        }
        return new BootFile.OnDisk(file);
    }
}
