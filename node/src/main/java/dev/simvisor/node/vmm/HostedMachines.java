package dev.simvisor.node.vmm;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.machine.memory.PageSharing;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.network.Uplink;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.ParavirtualMode;
import dev.simvisor.node.vmm.mode.VirtualizationMode;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Builds real machines in the memory of one host: with a board, or paravirtual. */
public final class HostedMachines implements MachineFactory {
    private final MachineMemory memory;
    private final MachineAddressMap machineAddresses = new MachineAddressMap();
    private final PageSharing pageSharing = new PageSharing();
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
                machine.boot();
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
    public void sharePages(List<GuestMachine> machines) {
        pageSharing.look(machines.stream()
                .flatMap(machine -> machine.pages().memory().stream())
                .toList());
    }

    @Override
    public long savedBytes() {
        return memory.savedFrames() << MachineMemory.FRAME_SHIFT;
    }

    @Override
    public void close() {
        memory.close();
    }

    static VirtualizationMode mode(VmSpec spec) throws StateRefused {
        return VirtualizationMode.named(spec.getMode())
                .orElseThrow(() -> new StateRefused(VirtualizationMode.refusal(spec.getMode())));
    }

    private HostedMachine machine(VmSpec spec) throws StateRefused {
        MachineConfiguration configuration = configuration(spec);
        int cpus = Math.max(1, spec.getCpus());
        VirtualizationMode mode = mode(spec);
        ExitLedger ledger = mode.ledger(costs);
        Uplink uplink = new Uplink();
        Optional<NetworkCard> card = card(spec, uplink);
        List<RawDiskImage> disks = disks(spec, mode);
        try {
            GuestPlatform platform = switch (mode) {
                case BoardMode board -> board(board, configuration, cpus, ledger, disks, card);
                case ParavirtualMode _ -> domain(configuration, cpus, ledger, disks, card);
            };
            return new HostedMachine(spec, platform, ledger, disks, uplink);
        } catch (MachineMemoryExhausted e) {
            RawDiskImage.closeAll(disks);
            throw new StateRefused(String.valueOf(e.getMessage()));
        } catch (StateRefused e) {
            RawDiskImage.closeAll(disks);
            throw e;
        }
    }

    private static Optional<NetworkCard> card(VmSpec spec, Uplink uplink) throws StateRefused {
        if (!spec.hasNetwork()) return Optional.empty();
        try {
            MacAddress address = MacAddress.parse(spec.getNetwork().getAddress());
            return Optional.of(new NetworkCard(address, uplink));
        } catch (IllegalArgumentException e) {
            throw new StateRefused("its network card: " + e.getMessage());
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
                BootFiles.firmwareBytes(spec),
                1);
    }

    private GuestPlatform board(
            BoardMode mode,
            MachineConfiguration configuration,
            int cpus,
            ExitLedger ledger,
            List<RawDiskImage> disks,
            Optional<NetworkCard> card)
            throws StateRefused {
        if (cpus > MachineConfiguration.MOST_PROCESSORS) {
            throw new StateRefused(cpus + " vCPUs: expected 1 to " + MachineConfiguration.MOST_PROCESSORS);
        }
        return new Machine(
                configuration.withProcessors(cpus),
                memory,
                mode.engine(TranslatingEngine::new, costs, ledger),
                List.copyOf(disks),
                card.orElse(null));
    }

    private GuestPlatform domain(
            MachineConfiguration configuration,
            int cpus,
            ExitLedger ledger,
            List<RawDiskImage> disks,
            Optional<NetworkCard> card)
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
                backends -> backends.addDevices(disks, card));
    }
}
