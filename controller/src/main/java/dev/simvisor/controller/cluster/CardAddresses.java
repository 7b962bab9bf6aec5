package dev.simvisor.controller.cluster;

import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.VmProgress;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Ethernet addresses of VMs' cards: given in the order in which VMs are created, each to one VM at a time. A VM that goes on from the
 * state of another has that one's address, which its guest knows; while the other is there, its cable stays out.
 */
final class CardAddresses {
    private static final Pattern WRITTEN = Pattern.compile("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}");
    private static final int GROUP = 1;

    /** How many there are to give: three bytes follow QEMU's and KVM's 52:54:00, which is of the range for local use. */
    private static final int MOST = 1 << 24;

    private int given;

    /** The VM as it is created: with an address, if it has a card. */
    VmSpec created(VmSpec spec, Collection<VmEntry> vms) throws Refusal {
        if (!spec.hasNetwork()) return spec;
        String asked = spec.getNetwork().getAddress().toLowerCase(Locale.ROOT);
        String address = asked.isEmpty() ? next(vms) : checked(spec.getName(), asked, vms);
        return with(spec, address, false);
    }

    private static String checked(String vm, String address, Collection<VmEntry> vms) throws Refusal {
        if (!WRITTEN.matcher(address).matches() || (Integer.parseInt(address.substring(0, 2), 16) & GROUP) != 0) {
            throw new Refusal(
                    Kind.INVALID,
                    "VM " + vm + ": network card's address '" + address
                            + "': expected one card's, as 52:54:00:00:00:01");
        }
        Optional<VmEntry> other = holder(address, vms);
        if (other.isPresent()) {
            throw new Refusal(
                    Kind.NOT_NOW,
                    "VM " + vm + ": network card's address " + address + " is that of VM "
                            + other.get().name());
        }
        return address;
    }

    private String next(Collection<VmEntry> vms) {
        String address;
        do {
            given = given % (MOST - 1) + 1;
            address =
                    String.format(Locale.ROOT, "52:54:00:%02x:%02x:%02x", given >> 16, given >> 8 & 0xFF, given & 0xFF);
        } while (holder(address, vms).isPresent());
        return address;
    }

    /** The VM as it goes on from another's state. */
    static VmSpec copied(VmSpec spec, Collection<VmEntry> vms) {
        if (!spec.hasNetwork()) return spec;
        String address = spec.getNetwork().getAddress();
        return with(spec, address, holder(address, vms).isPresent());
    }

    private static VmSpec with(VmSpec spec, String address, boolean linkDown) {
        return spec.toBuilder()
                .setNetwork(NetworkCard.newBuilder().setAddress(address).setLinkDown(linkDown))
                .build();
    }

    /** What is to be told of a VM whose cable is out. */
    static Optional<Event.Builder> notPluggedIn(VmEntry vm, VmProgress asOf) {
        NetworkCard card = vm.spec.getNetwork();
        if (!card.getLinkDown()) return Optional.empty();
        String reason = "its network card is not plugged in: another VM has the address " + card.getAddress();
        return Optional.of(Event.newBuilder().setVm(vm.view(asOf).toBuilder().setReason(reason)));
    }

    /** The VM that has the address and is there; one whose cable is out does not count. */
    static Optional<VmEntry> holder(String address, Collection<VmEntry> vms) {
        return vms.stream()
                .filter(vm -> !vm.hasEnded() && vm.spec.hasNetwork())
                .filter(vm -> !vm.spec.getNetwork().getLinkDown())
                .filter(vm -> vm.spec.getNetwork().getAddress().equals(address))
                .findFirst();
    }
}
