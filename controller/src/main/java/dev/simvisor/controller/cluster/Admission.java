package dev.simvisor.controller.cluster;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.CpuModelDescription;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Whether a host can carry a VM, and the mode that it would run in there: known before anything is sent.
 *
 * <p>A guest goes on using what it has found when it started. So the host must offer every feature of the VM's CPU model, and a
 * clock of the same rate; and another mode will do only if it makes the same virtual machine ({@link
 * VirtualizationMode#carriedOn}).
 */
final class Admission {
    /**
     * A VM that looks for a host.
     *
     * @param begun whether its guest has started already
     * @param clockHz virtual cycles per virtual second that it is used to; empty when it takes the host's, or when only its
     *     saved state knows
     */
    record Newcomer(VmSpec spec, boolean begun, Optional<Long> clockHz) {
        static Newcomer created(VmSpec spec) {
            return new Newcomer(spec, false, Optional.empty());
        }

        static Newcomer restored(VmSpec spec) {
            return new Newcomer(spec, true, Optional.empty());
        }

        static Newcomer migrated(VmEntry vm) {
            return new Newcomer(vm.spec, true, Optional.of(vm.clockHz));
        }

        static Newcomer cloned(VmEntry original, VmSpec spec) {
            return new Newcomer(spec, true, Optional.of(original.clockHz));
        }

        String name() {
            return spec.getName();
        }

        /** In the words of the configuration. */
        String mode() {
            return spec.getMode().isEmpty() ? VirtualizationMode.BARE.toString() : spec.getMode();
        }

        /** The modes that will do. */
        List<VirtualizationMode> modes() {
            List<VirtualizationMode> own =
                    VirtualizationMode.named(mode()).stream().toList();
            return begun && !own.isEmpty() ? own.getFirst().interchangeable() : own;
        }
    }

    private final SortedMap<String, CpuModelDescription> cpuModels = new TreeMap<>();

    /** What a node knows of CPU models. */
    void learn(Collection<CpuModelDescription> descriptions) {
        descriptions.forEach(description -> cpuModels.put(description.getName(), description));
    }

    void checkCpuModel(VmSpec spec) throws Refusal {
        String model = spec.getCpuModel();
        if (!model.isEmpty() && !cpuModels.isEmpty() && !cpuModels.containsKey(model)) {
            throw new Refusal(
                    Kind.INVALID,
                    "VM " + spec.getName() + ": unknown CPU model '" + model + "': expected one of "
                            + String.join(", ", cpuModels.keySet()));
        }
    }

    /** The VM as it is from now on: it keeps the processor that it finds on its first host. */
    static VmSpec settled(VmSpec spec, HostEntry host) {
        return spec.getCpuModel().isEmpty()
                ? spec.toBuilder().setCpuModel(host.cpuModel).build()
                : spec;
    }

    /** The mode in which the host would run the VM. */
    VirtualizationMode mode(HostEntry host, Newcomer newcomer) throws Refusal {
        Optional<Refusal> refusal = refusal(host, newcomer);
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        return modeOn(host, newcomer).orElseThrow();
    }

    private static Optional<VirtualizationMode> modeOn(HostEntry host, Newcomer newcomer) {
        return VirtualizationMode.named(newcomer.mode())
                .flatMap(own -> newcomer.begun()
                        ? own.carriedOn(host.modes())
                        : host.modes().stream().filter(own::equals).findFirst());
    }

    /** Why the host does not take the VM; nothing if it does. */
    Optional<Refusal> refusal(HostEntry host, Newcomer newcomer) {
        if (!host.takesVms()) {
            return refused(Kind.NOT_NOW, "host " + host.name() + " takes no VMs: it is " + host.stateName());
        }
        if (modeOn(host, newcomer).isEmpty()) {
            return refused(Kind.INVALID, withoutMode(host, newcomer));
        }
        SortedSet<String> missing = missing(host, newcomer.spec());
        if (!missing.isEmpty()) {
            return refused(
                    Kind.INVALID,
                    "host " + host.name() + " cannot run VM " + newcomer.name() + ": its processor, a " + host.cpuModel
                            + ", lacks features of the VM's CPU model, "
                            + newcomer.spec().getCpuModel() + ": "
                            + String.join(", ", missing));
        }
        if (newcomer.clockHz().isPresent() && newcomer.clockHz().get() != host.clockHz()) {
            return refused(
                    Kind.INVALID,
                    "host " + host.name() + " cannot carry on VM " + newcomer.name() + ": its clock runs at "
                            + host.clockHz() + " Hz, the VM's at "
                            + newcomer.clockHz().get() + " Hz");
        }
        if (!host.hasRoomFor(newcomer.spec().getMemoryBytes())) {
            return refused(
                    Kind.NO_ROOM,
                    "host " + host.name() + " has no room for VM " + newcomer.name() + " of "
                            + mebibytes(newcomer.spec().getMemoryBytes()) + ": "
                            + mebibytes(host.spec.getMemoryBytes() - host.reservedBytes) + " are free");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> refused(Kind kind, String reason) {
        return Optional.of(new Refusal(kind, reason));
    }

    private static String mebibytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }

    private static String withoutMode(HostEntry host, Newcomer newcomer) {
        String offered = host.spec.getModesCount() == 0 ? "bare" : String.join(", ", host.spec.getModesList());
        return switch (newcomer.modes().size()) {
            case 0, 1 ->
                "host " + host.name() + " does not support mode " + newcomer.mode() + ": expected one of " + offered;
            default ->
                "host " + host.name() + " supports neither mode "
                        + newcomer.modes().getFirst() + " of VM "
                        + newcomer.name() + " nor " + newcomer.modes().getLast()
                        + ", which could carry it on: it supports " + offered;
        };
    }

    /** The features of the VM's processor that the host's lacks. */
    private SortedSet<String> missing(HostEntry host, VmSpec spec) {
        SortedSet<String> missing = new TreeSet<>();
        CpuModelDescription wanted = cpuModels.get(spec.getCpuModel());
        CpuModelDescription offered = cpuModels.get(host.cpuModel);
        if (wanted == null || offered == null) {
            return missing; // it takes the host's, whatever that is
        }
        missing.addAll(wanted.getFeaturesList());
        offered.getFeaturesList().forEach(missing::remove);
        if (wanted.getPhysicalAddressBits() > offered.getPhysicalAddressBits()) {
            missing.add(wanted.getPhysicalAddressBits() + "-bit physical addresses");
        }
        return missing;
    }

    /** Why none of these hosts takes the VM. */
    Refusal noHost(Collection<HostEntry> asked, Newcomer newcomer) {
        if (asked.stream().noneMatch(HostEntry::takesVms)) {
            return new Refusal(
                    Kind.NOT_NOW,
                    "VM " + newcomer.name() + ": no host takes VMs"
                            + asked.stream()
                                    .map(host -> "; host " + host.name() + " is " + host.stateName())
                                    .collect(Collectors.joining()));
        }
        StringBuilder reason = new StringBuilder("VM " + newcomer.name() + ": no host has room for "
                + mebibytes(newcomer.spec().getMemoryBytes()) + " and supports mode "
                + String.join(
                        " or ",
                        newcomer.modes().isEmpty()
                                ? List.of(newcomer.mode())
                                : newcomer.modes().stream()
                                        .map(VirtualizationMode::toString)
                                        .toList()));
        for (HostEntry host : asked) {
            SortedSet<String> missing = missing(host, newcomer.spec());
            if (host.takesVms() && !missing.isEmpty()) {
                reason.append("; host ")
                        .append(host.name())
                        .append(" lacks ")
                        .append(String.join(", ", missing))
                        .append(" of CPU model ")
                        .append(newcomer.spec().getCpuModel());
            }
        }
        return new Refusal(Kind.NO_ROOM, reason.toString());
    }
}
