package dev.simvisor.controller.cluster;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/** What the controller knows of one host. */
final class HostEntry {
    private static final long DEFAULT_CLOCK_HZ = 1_000_000_000;

    final HostSpec spec;
    HostState state = HostState.HOST_STARTING;
    String node = "";
    /** Whether it has been up. */
    boolean hasRisen;

    String reason = "";
    /** Name of its processors' model, once its node has told it. */
    String cpuModel = "";
    /** Names of the VMs it owns. */
    final SortedSet<String> vms = new TreeSet<>();
    /** Memory of its VMs and of those on their way to it. */
    long reservedBytes;

    final List<CompletableFuture<Host>> whenUp = new ArrayList<>();

    HostEntry(HostSpec spec) {
        this.spec = spec;
    }

    String name() {
        return spec.getName();
    }

    boolean isAlive() {
        return switch (state) {
            case HOST_UP, HOST_DRAINING, HOST_DRAINED -> true;
            case HOST_STARTING, HOST_FAILED, HOST_STATE_UNSPECIFIED, UNRECOGNIZED -> false;
        };
    }

    /** The state in the words of messages. */
    String stateName() {
        return state.name().substring("HOST_".length()).toLowerCase(Locale.ROOT);
    }

    boolean takesVms() {
        return state == HostState.HOST_UP;
    }

    boolean hasRoomFor(long bytes) {
        return bytes <= spec.getMemoryBytes() - reservedBytes; // a sum might overflow
    }

    /** Of its processors. */
    List<VirtualizationMode> modes() {
        return spec.getModesCount() == 0
                ? List.of(VirtualizationMode.BARE)
                : spec.getModesList().stream()
                        .flatMap(mode -> VirtualizationMode.named(mode).stream())
                        .toList();
    }

    /** Virtual cycles per virtual second of its processors. */
    long clockHz() {
        return spec.getClockHz() == 0 ? DEFAULT_CLOCK_HZ : spec.getClockHz();
    }

    Host view() {
        return Host.newBuilder()
                .setSpec(spec.toBuilder().setCpuModel(cpuModel.isEmpty() ? spec.getCpuModel() : cpuModel))
                .setState(state)
                .setNode(node)
                .addAllVms(vms)
                .setMemoryReservedBytes(reservedBytes)
                .setReason(reason)
                .build();
    }
}
