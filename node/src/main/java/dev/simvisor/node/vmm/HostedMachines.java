package dev.simvisor.node.vmm;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.FirmwareLoader;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.ParavirtualMode;
import dev.simvisor.node.vmm.mode.VirtualizationMode;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds real machines in the memory of one host: with a board, or paravirtual. */
public final class HostedMachines implements MachineFactory {
    private static final String BUILT_IN = "/dev/simvisor/node/guest/builtin.elf";
    private static final String PARAVIRTUAL_BUILT_IN = "/dev/simvisor/node/guest/builtin-xen.elf";
    /** Larger than any kernel or initial file system; it is read as a whole, on the Java heap. */
    private static final long MOST_IMAGE_BYTES = 512L << 20;

    private final MachineMemory memory;
    private final MachineAddressMap machineAddresses = new MachineAddressMap();
    private final long clockHz;
    private final String cpuModel;
    private final HostCosts costs;

    /** The machines of a host as it is described. */
    public HostedMachines(HostSpec host) {
        this.memory = MachineMemory.ofBytes(host.getMemoryBytes());
        this.clockHz = host.getClockHz();
        this.cpuModel = host.getCpuModel();
        this.costs = HostCosts.of(host.getCostModel());
    }

    @Override
    public Built booted(VmSpec spec) {
        try {
            HostedMachine machine = machine(spec);
            try {
                machine.boot(source(spec));
                return new Built.Ready(machine);
            } catch (InvalidImageException | StateRefused e) {
                machine.close();
                throw e;
            }
        } catch (InvalidImageException | StateRefused e) {
            return refused(spec, e);
        }
    }

    @Override
    public Built blank(VmSpec spec) {
        try {
            return new Built.Ready(machine(spec));
        } catch (StateRefused e) {
            return refused(spec, e);
        }
    }

    private static Built refused(VmSpec spec, Exception why) {
        return new Built.Refused("VM " + spec.getName() + ": " + why.getMessage());
    }

    @Override
    public long freeBytes() {
        return (memory.limitFrames() - memory.reservedFrames()) << MachineMemory.FRAME_SHIFT;
    }

    @Override
    public void close() {
        memory.close();
    }

    private static VirtualizationMode mode(VmSpec spec) throws StateRefused {
        return VirtualizationMode.named(spec.getMode())
                .orElseThrow(() -> new StateRefused(VirtualizationMode.refusal(spec.getMode())));
    }

    private HostedMachine machine(VmSpec spec) throws StateRefused {
        MachineConfiguration configuration = configuration(spec);
        int cpus = Math.max(1, spec.getCpus());
        VirtualizationMode mode = mode(spec);
        ExitLedger ledger = mode.ledger(costs);
        List<RawDiskImage> disks = disks(spec, mode);
        try {
            GuestPlatform platform = switch (mode) {
                case BoardMode board -> board(board, configuration, cpus, ledger, disks);
                case ParavirtualMode _ -> domain(configuration, cpus, ledger, disks);
            };
            return new HostedMachine(platform, ledger, disks);
        } catch (MachineMemoryExhausted e) {
            RawDiskImage.closeAll(disks);
            throw new StateRefused(String.valueOf(e.getMessage()));
        } catch (StateRefused e) {
            RawDiskImage.closeAll(disks);
            throw e;
        }
    }

    private static List<RawDiskImage> disks(VmSpec spec, VirtualizationMode mode) throws StateRefused {
        int most = switch (mode) {
            case BoardMode _ -> Machine.MOST_DISKS;
            case ParavirtualMode _ -> BackendDomain.MOST_DISKS;
        };
        if (spec.getDisksCount() > most) {
            throw new StateRefused(spec.getDisksCount() + " disks: expected at most " + most);
        }
        try {
            return RawDiskImage.openAll(
                    spec.getDisksList().stream().map(Path::of).toList());
        } catch (IOException e) {
            throw new StateRefused(String.valueOf(e.getMessage()));
        }
    }

    private MachineConfiguration configuration(VmSpec spec) throws StateRefused {
        String wanted = spec.getCpuModel().isEmpty() ? cpuModel : spec.getCpuModel();
        CpuModel model = CpuModel.named(wanted).orElseThrow(() -> new StateRefused(CpuModel.refusal(wanted)));
        long hertz = clockHz == 0 ? MachineConfiguration.DEFAULT_CLOCK_HERTZ : clockHz;
        return new MachineConfiguration(
                spec.getMemoryBytes(),
                model.withClockHertz(hertz),
                hertz,
                costs.cyclesPerThousandInstructions(),
                MachineConfiguration.DEFAULT_TIME_OF_DAY,
                false,
                firmwareBytes(spec),
                1);
    }

    private GuestPlatform board(
            BoardMode mode, MachineConfiguration configuration, int cpus, ExitLedger ledger, List<RawDiskImage> disks)
            throws StateRefused {
        if (cpus > MachineConfiguration.MOST_PROCESSORS) {
            throw new StateRefused(cpus + " vCPUs: expected 1 to " + MachineConfiguration.MOST_PROCESSORS);
        }
        return new Machine(
                configuration.withProcessors(cpus),
                memory,
                mode.engine(TranslatingEngine::new, costs, ledger),
                List.copyOf(disks));
    }

    private GuestPlatform domain(
            MachineConfiguration configuration, int cpus, ExitLedger ledger, List<RawDiskImage> disks)
            throws StateRefused {
        if (cpus > DomainSettings.MOST_VCPUS) {
            throw new StateRefused(cpus + " vCPUs: expected 1 to " + DomainSettings.MOST_VCPUS);
        }
        return new ParavirtualMachine(
                DomainSettings.of(configuration, cpus),
                memory,
                machineAddresses,
                ledger,
                costs.processor(),
                TranslatingEngine::new,
                backends -> backends.addDevices(disks));
    }

    private static BootSource source(VmSpec spec) throws StateRefused {
        Boot boot = spec.getBoot();
        return switch (boot.getImageCase()) {
            case LINUX -> {
                LinuxBoot linux = boot.getLinux();
                Image initrd = linux.getInitrd().isEmpty() ? null : image(linux.getInitrd());
                yield new BootSource.Linux(image(linux.getKernel()), initrd, linux.getCommandLine());
            }
            case MULTIBOOT -> {
                MultibootBoot multiboot = boot.getMultiboot();
                List<Image> modules = new ArrayList<>();
                for (String module : multiboot.getModulesList()) {
                    modules.add(image(module));
                }
                yield new BootSource.Multiboot(image(multiboot.getKernel()), multiboot.getCommandLine(), modules);
            }
            case BUILT_IN ->
                new BootSource.Multiboot(builtIn(mode(spec)), boot.getBuiltIn().getCommandLine(), List.of());
            case FIRMWARE -> new BootSource.Firmware(firmware(boot));
            case IMAGE_NOT_SET ->
                throw new StateRefused("nothing to boot: expected a kernel, a firmware image or the built-in guest");
        };
    }

    private static Image firmware(Boot boot) throws StateRefused {
        return image(boot.getFirmware().getImage(), FirmwareLoader.MOST_BYTES);
    }

    /** Size of the VM's firmware image; 0 when it boots a kernel. */
    private static int firmwareBytes(VmSpec spec) throws StateRefused {
        if (!spec.getBoot().hasFirmware()) return 0;
        try {
            return FirmwareLoader.checkedLength(firmware(spec.getBoot()));
        } catch (InvalidImageException e) {
            throw new StateRefused(String.valueOf(e.getMessage()));
        }
    }

    private static Image builtIn(VirtualizationMode mode) throws StateRefused {
        String build = switch (mode) {
            case BoardMode _ -> BUILT_IN;
            case ParavirtualMode _ -> PARAVIRTUAL_BUILT_IN;
        };
        try (InputStream resource = HostedMachines.class.getResourceAsStream(build)) {
            if (resource == null) {
                throw new StateRefused("this build has no built-in guest");
            }
            return new Image("the built-in guest", resource.readAllBytes());
        } catch (IOException e) {
            throw new StateRefused("the built-in guest cannot be read: " + e);
        }
    }

    private static Image image(String file) throws StateRefused {
        return image(file, MOST_IMAGE_BYTES);
    }

    private static Image image(String file, long mostBytes) throws StateRefused {
        Path path = Path.of(file);
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new StateRefused(file + ": not a regular file"); // reading a pipe might never end
        }
        try {
            long bytes = Files.size(path);
            if (bytes > mostBytes) {
                throw new StateRefused(file + ": " + bytes + " bytes: expected at most " + mostBytes);
            }
            return new Image(file, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new StateRefused(file + ": no such file");
        } catch (IOException e) {
            throw new StateRefused(file + ": cannot be read: " + e);
        }
    }
}
