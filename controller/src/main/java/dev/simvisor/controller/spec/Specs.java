package dev.simvisor.controller.spec;

import dev.simvisor.config.CostModel;
import dev.simvisor.config.MemorySize;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.OnReboot;
import dev.simvisor.config.Power;
import dev.simvisor.config.PowerModel;
import dev.simvisor.config.Topology;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.guest.BootFile;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.CostModelSpec;
import dev.simvisor.proto.api.EventCost;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationCompression;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.ModeCosts;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.PowerModelSpec;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Configuration records as API messages. */
public final class Specs {
    /** How an ELF file begins (System V ABI, chapter 4, e_ident). */
    private static final byte[] ELF_MAGIC = {0x7f, 'E', 'L', 'F'};

    private Specs() {}

    /** A host of a topology. Racks' uplinks are not part of it: all hosts see each other through their own links alone. */
    public static HostSpec host(Topology.Host host) {
        HostSpec.Builder spec = HostSpec.newBuilder()
                .setName(host.name())
                .setPcpus(host.type().pcpus())
                .setMemoryBytes(host.type().memory().bytes())
                .addAllModes(host.type().modes().stream()
                        .map(VirtualizationMode::toString)
                        .toList())
                .setLink(LinkSpec.newBuilder()
                        .setBitsPerSecond(host.link().bandwidth().bitsPerSecond())
                        .setLatencyNanos(host.link().latency().nanos()))
                .setNode(host.node().orElse(""))
                .setClockHz(host.type().clock().hertz())
                .setCpuModel(host.type().cpuModel().orElse(""));
        host.type().costModel().ifPresent(model -> spec.setCostModel(costModel(model)));
        host.type().power().ifPresent(model -> spec.setPower(power(model)));
        host.type().pageSharing().ifPresent(every -> spec.setPageSharingNanos(every.nanos()));
        return spec.build();
    }

    private static PowerModelSpec power(PowerModel model) {
        return PowerModelSpec.newBuilder()
                .addAllMilliwatts(
                        model.byUtilization().stream().map(Power::milliwatts).toList())
                .build();
    }

    /** A cost model, without the sources of its figures. */
    public static CostModelSpec costModel(CostModel model) {
        CostModelSpec.Builder spec = CostModelSpec.newBuilder()
                .setName(model.name())
                .setCyclesPerThousandInstructions(model.cyclesPerThousandInstructions())
                .setTlbEntries(model.tlbEntries().value().intValueExact());
        model.eventCycles().forEach((event, figure) -> spec.addEvents(cost(event.written(), figure)));
        model.exitCycles().forEach((mode, exits) -> {
            ModeCosts.Builder costs = spec.addModesBuilder().setMode(mode.toString());
            exits.forEach((exit, figure) -> costs.addExits(cost(exit.written(), figure)));
        });
        return spec.build();
    }

    private static EventCost cost(String event, CostModel.Figure figure) {
        return EventCost.newBuilder()
                .setEvent(event)
                .setCycles(figure.value().longValueExact())
                .build();
    }

    /**
     * A VM of a type.
     *
     * @throws GuestException when its guest must be fetched first
     * @throws IOException when the guest's kernel cannot be read
     */
    public static VmSpec vm(String name, VmType type, GuestCache guests) throws GuestException, IOException {
        VmSpec.Builder spec = VmSpec.newBuilder()
                .setName(name)
                .setMemoryBytes(type.memory().bytes())
                .setCpus(type.vcpus())
                .setMode(type.mode().toString())
                .setCpuModel(type.cpuModel().orElse(""))
                .setWeight(type.weight())
                .setCapPercent(type.capPercent().orElse(0))
                .setOnReboot(onReboot(type.onReboot()))
                .setBoot(boot(guests.resolve(type.guest().name(), type.mode()), type.commandLine()));
        if (type.network()) {
            spec.setNetwork(NetworkCard.getDefaultInstance());
        }
        return spec.build();
    }

    public static dev.simvisor.proto.api.OnReboot onReboot(OnReboot choice) {
        return switch (choice) {
            case RESTART -> dev.simvisor.proto.api.OnReboot.ON_REBOOT_RESTART;
            case STOP -> dev.simvisor.proto.api.OnReboot.ON_REBOOT_STOP;
        };
    }

    /**
     * What a VM of a guest starts from.
     *
     * @throws IOException when its kernel cannot be read
     */
    public static Boot boot(GuestImage image, String commandLine) throws IOException {
        return switch (image.kernel()) {
            case BootFile.Bundled _ ->
                Boot.newBuilder()
                        .setBuiltIn(BuiltInGuest.newBuilder().setCommandLine(commandLine))
                        .build();
            case BootFile.OnDisk(Path kernel) -> kernel(kernel, initrd(image), commandLine);
        };
    }

    private static @Nullable Path initrd(GuestImage image) {
        return image.initrd().orElse(null) instanceof BootFile.OnDisk(Path path) ? path : null;
    }

    /** A Linux kernel; nodes may run in other folders, so files are named by absolute paths. */
    public static Boot linux(String kernel, String initrd, String commandLine) {
        return Boot.newBuilder()
                .setLinux(LinuxBoot.newBuilder()
                        .setKernel(absolute(kernel))
                        .setInitrd(initrd.isEmpty() ? "" : absolute(initrd))
                        .setCommandLine(commandLine))
                .build();
    }

    /** A multiboot ELF, or else a Linux bzImage. */
    private static Boot kernel(Path kernel, @Nullable Path initrd, String commandLine) throws IOException {
        if (!isElf(kernel)) {
            return linux(kernel.toString(), initrd == null ? "" : initrd.toString(), commandLine);
        }
        MultibootBoot.Builder multiboot = MultibootBoot.newBuilder()
                .setKernel(absolute(kernel.toString()))
                .setCommandLine(commandLine);
        if (initrd != null) {
            multiboot.addModules(absolute(initrd.toString()));
        }
        return Boot.newBuilder().setMultiboot(multiboot).build();
    }

    private static boolean isElf(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ELF_MAGIC.length), ELF_MAGIC);
        }
    }

    private static String absolute(String file) {
        return Path.of(file).toAbsolutePath().toString();
    }

    /** Settings as parameters, where a 0 would stand for a default: the least figure there is comes instead. */
    public static MigrationParameters migration(MigrationSettings settings) {
        return MigrationParameters.newBuilder()
                .setAlgorithm(
                        switch (settings.algorithm()) {
                            case STOP_AND_COPY -> MigrationAlgorithm.STOP_AND_COPY;
                            case PRE_COPY -> MigrationAlgorithm.PRE_COPY;
                            case POST_COPY -> MigrationAlgorithm.POST_COPY;
                            case HYBRID -> MigrationAlgorithm.HYBRID;
                        })
                .setBandwidthBytesPerSecond(settings.bandwidth()
                        .map(limit -> Math.max(1, limit.bytesPerSecond()))
                        .orElse(0L))
                .setDowntimeLimitNanos(Math.max(1, settings.downtimeLimit().nanos()))
                .setMaxRounds(settings.maxRounds())
                .setAutoConverge(settings.autoConverge())
                .setDeltaCacheBytes(settings.deltaCache().map(MemorySize::bytes).orElse(0L))
                .setCompression(
                        switch (settings.compression()) {
                            case NONE -> MigrationCompression.MIGRATION_COMPRESSION_NONE;
                            case ZSTD -> MigrationCompression.MIGRATION_COMPRESSION_ZSTD;
                        })
                .setChannels(settings.channels())
                .build();
    }
}
