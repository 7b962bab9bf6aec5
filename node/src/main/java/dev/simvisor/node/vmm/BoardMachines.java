package dev.simvisor.node.vmm;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
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

/** Builds real machines in the memory of one host. */
public final class BoardMachines implements MachineFactory {
    private static final String BUILT_IN = "/dev/simvisor/node/guest/builtin.elf";

    private final MachineMemory memory;
    private final long clockHz;
    private final String cpuModel;
    private final HostCosts costs;

    /** The machines of a host as it is described. */
    public BoardMachines(HostSpec host) {
        this.memory = MachineMemory.ofBytes(host.getMemoryBytes());
        this.clockHz = host.getClockHz();
        this.cpuModel = host.getCpuModel();
        this.costs = HostCosts.of(host.getCostModel());
    }

    @Override
    public Built booted(VmSpec spec) {
        return switch (machine(spec)) {
            case Built.Refused refused -> refused;
            case Built.Ready(BoardMachine machine) -> boot(machine, spec);
            case Built.Ready(GuestMachine other) -> throw new IllegalStateException("not a machine of ours: " + other);
        };
    }

    private static Built boot(BoardMachine machine, VmSpec spec) {
        try {
            machine.boot(source(spec.getBoot()));
            return new Built.Ready(machine);
        } catch (InvalidImageException | StateRefused e) {
            machine.close();
            return new Built.Refused("VM " + spec.getName() + ": " + e.getMessage());
        }
    }

    @Override
    public Built blank(VmSpec spec) {
        return machine(spec);
    }

    @Override
    public long freeBytes() {
        return (memory.limitFrames() - memory.reservedFrames()) << MachineMemory.FRAME_SHIFT;
    }

    private Built machine(VmSpec spec) {
        String wanted = spec.getCpuModel().isEmpty() ? cpuModel : spec.getCpuModel();
        CpuModel model = CpuModel.named(wanted).orElse(null);
        if (model == null) {
            return new Built.Refused("VM " + spec.getName() + ": " + CpuModel.refusal(wanted));
        }
        BoardMode mode = BoardMode.named(spec.getMode()).orElse(null);
        if (mode == null) {
            return new Built.Refused("VM " + spec.getName() + ": mode " + spec.getMode()
                    + " is not available in a cluster yet: boot it with simvisor boot");
        }
        long hertz = clockHz == 0 ? MachineConfiguration.DEFAULT_CLOCK_HERTZ : clockHz;
        MachineConfiguration configuration = new MachineConfiguration(
                spec.getMemoryBytes(),
                model.withClockHertz(hertz),
                hertz,
                costs.cyclesPerThousandInstructions(),
                MachineConfiguration.DEFAULT_TIME_OF_DAY,
                false);
        List<RawDiskImage> disks = new ArrayList<>();
        try {
            for (String disk : spec.getDisksList()) {
                disks.add(RawDiskImage.open(Path.of(disk)));
            }
            ExitLedger ledger = mode.ledger(costs);
            Machine machine = new Machine(
                    configuration, memory, mode.engine(TranslatingEngine::new, costs, ledger), List.copyOf(disks));
            return new Built.Ready(new BoardMachine(machine, ledger, disks));
        } catch (MachineMemoryExhausted | IOException e) {
            BoardMachine.close(disks);
            return new Built.Refused("VM " + spec.getName() + ": " + e.getMessage());
        }
    }

    private static BootSource source(Boot boot) throws StateRefused {
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
                new BootSource.Multiboot(builtIn(), boot.getBuiltIn().getCommandLine(), List.of());
            case FIRMWARE -> throw new StateRefused("firmware images are not available yet: expected a kernel");
            case IMAGE_NOT_SET -> throw new StateRefused("nothing to boot: expected a kernel or the built-in guest");
        };
    }

    private static Image builtIn() throws StateRefused {
        try (InputStream resource = BoardMachines.class.getResourceAsStream(BUILT_IN)) {
            if (resource == null) {
                throw new StateRefused("this build has no built-in guest");
            }
            return new Image("the built-in guest", resource.readAllBytes());
        } catch (IOException e) {
            throw new StateRefused("the built-in guest cannot be read: " + e);
        }
    }

    private static Image image(String file) throws StateRefused {
        try {
            return new Image(file, Files.readAllBytes(Path.of(file)));
        } catch (NoSuchFileException e) {
            throw new StateRefused(file + ": no such file");
        } catch (IOException e) {
            throw new StateRefused(file + ": cannot be read: " + e);
        }
    }
}
