package dev.simvisor.controller.cluster;

import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/** What the controller knows of one host. */
final class HostEntry {
    final HostSpec spec;
    HostState state = HostState.HOST_STARTING;
    String node = "";
    String reason = "";
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

    boolean takesVms() {
        return state == HostState.HOST_UP;
    }

    boolean hasRoomFor(long bytes) {
        return reservedBytes + bytes <= spec.getMemoryBytes();
    }

    boolean supports(String mode) {
        String wanted = mode.isEmpty() ? "bare" : mode;
        return spec.getModesCount() == 0
                ? wanted.equals("bare")
                : spec.getModesList().contains(wanted);
    }

    Host view() {
        return Host.newBuilder()
                .setSpec(spec)
                .setState(state)
                .setNode(node)
                .addAllVms(vms)
                .setMemoryReservedBytes(reservedBytes)
                .setReason(reason)
                .build();
    }
}
