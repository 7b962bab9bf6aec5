package dev.simvisor.controller.cli;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.guest.CacheOption;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code simvisor vm create}. */
@Command(name = "create", description = "Creates a VM and lets it run: a guest of the catalogue, or a kernel.")
final class VmCreateCommand extends ClientCommand {
    private static final MemorySize DEFAULT_MEMORY = new MemorySize(256L << 20);

    @Parameters(paramLabel = "VM", description = "The VM's name, unique in the cluster.")
    private String name = "";

    @Option(
            names = "--guest",
            paramLabel = "NAME",
            description = "A guest that simvisor guest list shows, in place of a kernel.")
    private @Nullable String guest;

    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description = "A Linux bzImage or a multiboot ELF, on storage that the nodes share.")
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

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "",
            description = "Where it is to run. Default: the placement's choice.")
    private String host = "";

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "bare",
            description = "The virtualization mode, one that the host supports. Default: ${DEFAULT-VALUE}.")
    private String mode = "bare";

    @Mixin
    private CacheOption cacheOption = new CacheOption();

    @Override
    void run(ApiClient api) throws CommandFailed, GuestException, IOException {
        Vm vm = api.vms()
                .create(CreateVmRequest.newBuilder()
                        .setSpec(spec().setName(name).setMode(knownMode()))
                        .setHost(host)
                        .build());
        show(vm, () -> ApiTables.vms(List.of(vm)));
    }

    private String knownMode() throws CommandFailed {
        List<String> modes = Arrays.stream(VirtualizationMode.values())
                .map(VirtualizationMode::toString)
                .collect(Collectors.toList());
        if (!modes.contains(mode)) {
            throw new CommandFailed("--mode " + mode + ": expected one of " + String.join(", ", modes));
        }
        return mode;
    }

    private VmSpec.Builder spec() throws CommandFailed, GuestException, IOException {
        if ((kernel == null) == (guest == null)) {
            throw new CommandFailed("give either --guest NAME or --kernel FILE");
        }
        if (guest == null) {
            return ofKernel(Objects.requireNonNull(kernel));
        }
        if (initrd != null) {
            throw new CommandFailed("--initrd goes with --kernel; the guest " + guest + " has its own");
        }
        GuestImage image = cacheOption.cache().resolve(guest);
        return VmSpec.newBuilder()
                .setMemoryBytes(
                        Objects.requireNonNullElse(memory, image.memory()).bytes())
                .setBoot(Specs.boot(image, Objects.requireNonNullElse(append, image.commandLine())));
    }

    private VmSpec.Builder ofKernel(Path image) throws CommandFailed, IOException {
        requireFile("--kernel", image);
        if (initrd != null) {
            requireFile("--initrd", initrd);
        }
        String commandLine = Objects.requireNonNullElse(append, "");
        return VmSpec.newBuilder()
                .setMemoryBytes(
                        Objects.requireNonNullElse(memory, DEFAULT_MEMORY).bytes())
                .setBoot(Specs.kernel(image, initrd, commandLine));
    }

    private static void requireFile(String option, Path file) throws CommandFailed {
        if (!Files.isRegularFile(file)) {
            throw new CommandFailed(option + " " + file + ": no such file");
        }
    }
}
