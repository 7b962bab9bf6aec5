package dev.simvisor.controller.cli;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.FirmwareBoot;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code simvisor vm create}. */
@Command(
        name = "create",
        description =
                "Creates a VM and lets it run: a guest of the catalogue, or a kernel, on storage that the nodes share.")
final class VmCreateCommand extends ClientCommand {
    @Parameters(paramLabel = "VM", description = "The VM's name, unique in the cluster.")
    private String name = "";

    @Mixin
    private GuestOptions guest = new GuestOptions();

    @Option(
            names = "--bios",
            paramLabel = "FILE",
            description = "A firmware image, such as SeaBIOS, in place of a kernel: it starts what is on a --disk."
                    + " The nodes must find it under this name.")
    private @Nullable Path bios;

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
    private VirtualizationMode mode = VirtualizationMode.BARE;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            defaultValue = "1",
            description = "Virtual processors, which share the time of one of the host's. Default: ${DEFAULT-VALUE}.")
    private int cpus = 1;

    @Option(
            names = "--cpu-model",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The CPU model that the guest sees wherever it runs: the VM can move to hosts that offer it."
                    + " Default: that of the host it is created on.")
    private String cpuModel = "";

    @Option(
            names = "--disk",
            paramLabel = "FILE",
            description =
                    "A raw disk image, as a virtio disk, in mode para as xvda; may be given more than once. The nodes"
                            + " of all hosts that the VM is to run on must find it under this name.")
    private List<Path> disks = List.of();

    @Option(
            names = "--network",
            description = "Give it a network card, eth0, on the Ethernet that all hosts of the cluster are on.")
    private boolean network;

    @Mixin
    private OnRebootOption onReboot = new OnRebootOption();

    @Override
    void run(ApiClient api) throws CommandFailed, GuestException, IOException {
        if (cpus < 1) {
            throw new CommandFailed("--cpus " + cpus + ": expected at least 1");
        }
        Origin origin = origin();
        VmSpec.Builder vmSpec = VmSpec.newBuilder()
                .setName(name)
                .setMode(mode.toString())
                .setCpus(cpus)
                .setCpuModel(cpuModel)
                .setOnReboot(Specs.onReboot(onReboot.choice()))
                .setMemoryBytes(origin.memory().bytes())
                .addAllDisks(disks.stream().map(VmCreateCommand::imageName).toList())
                .setBoot(origin.boot());
        if (network) {
            vmSpec.setNetwork(NetworkCard.getDefaultInstance());
        }
        Vm vm = api.vms()
                .create(CreateVmRequest.newBuilder()
                        .setSpec(vmSpec)
                        .setHost(host)
                        .build());
        show(vm, () -> ApiTables.vms(List.of(vm)));
    }

    /** What the VM starts from, in how much memory. */
    private record Origin(Boot boot, MemorySize memory) {}

    private Origin origin() throws CommandFailed, GuestException, IOException {
        if (bios == null) {
            GuestImage image = guest.image(mode);
            return new Origin(Specs.boot(image, image.commandLine()), image.memory());
        }
        guest.refuseKernelBeside("--bios");
        GuestOptions.existing("--bios", bios);
        FirmwareBoot firmware = FirmwareBoot.newBuilder()
                .setImage(bios.toAbsolutePath().normalize().toString())
                .build();
        return new Origin(Boot.newBuilder().setFirmware(firmware).build(), guest.memory());
    }

    /** One name for one image, whatever links lead to it: by its name the cluster sees that it is another VM's. */
    private static String imageName(Path disk) {
        try {
            return disk.toRealPath().toString();
        } catch (IOException notHere) {
            return disk.toAbsolutePath().normalize().toString();
        }
    }
}
