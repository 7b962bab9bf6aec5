package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.machine.network.Ethernet;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.network.VirtualSwitch;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import dev.simvisor.node.vmm.para.ring.SharedPage;
import dev.simvisor.node.vmm.para.xenstore.StoreConnection;
import dev.simvisor.node.vmm.para.xenstore.XenStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Domain 0, as one guest knows it: the store that they share, and the back ends of the guest's devices.
 *
 * <p>Devices are added before the guest starts. From then on all that happens here follows from the guest's events ({@link
 * #storeEvent} and those of the devices' channels), from frames of the network, and from {@link #requestShutdown} and {@link
 * #memoryTarget}.
 */
public final class BackendDomain implements AutoCloseable {
    /** xvda to xvdp. */
    public static final int MOST_DISKS = 16;

    /** Of a range that is set aside for Xen's guests. */
    private static final MacAddress ALONE = new MacAddress(0x00163E_000001L);

    /**
     * How often back ends may answer what the store holds before the guest has to send another event. A guest has put no more
     * than a ring of requests there; but disks that read into the rings would find more for ever.
     */
    private static final int MOST_ROUNDS = 64;

    private final XenStore tree = new XenStore();
    private final PrivilegedStore store;
    private final DomainDirectory directory;
    private final StoreConnection connection;
    private final DeviceWiring wiring;
    private final List<BlockBackend> disks = new ArrayList<>();
    private final List<NetworkBackend> cards = new ArrayList<>();
    private int rounds;

    /**
     * Sets up the store for a domain.
     *
     * @param grants the domain's grant table
     * @param ports its event channels
     * @param storePage the frame of the store's ring
     */
    public BackendDomain(DomainDescription description, GrantTable grants, GuestPorts ports, SharedPage storePage) {
        store = new PrivilegedStore(tree);
        directory = new DomainDirectory(store, description.domain());
        directory.write(description);
        connection = new StoreConnection(
                tree, description.domain(), storePage, () -> ports.notifyGuest(description.storePort()));
        wiring = new DeviceWiring(description.domain(), store, grants, ports, this::settle);
    }

    /** Gives the guest its disks, and a network card of which it may make what it likes: nobody else is on its network. */
    public void addDevices(List<? extends DiskImage> images) {
        addDevices(images, Optional.empty());
    }

    /** Gives the guest its disks, and a network card: of which, where none is asked for, nobody else is on the network. */
    public void addDevices(List<? extends DiskImage> images, Optional<NetworkCard> card) {
        images.forEach(this::addDisk);
        NetworkCard given = card.orElseGet(() -> new NetworkCard(ALONE, new VirtualSwitch()));
        addCard(given.address(), given.network());
    }

    /** Gives the guest one disk more: xvda, xvdb, and so on. There are at most {@link #MOST_DISKS}. */
    public void addDisk(DiskImage image) {
        if (disks.size() == MOST_DISKS) {
            throw new IllegalStateException("a guest has at most " + MOST_DISKS + " disks");
        }
        BlockBackend disk = new BlockBackend(wiring, disks.size(), image);
        disks.add(disk);
        disk.announce();
        storeEvent();
    }

    /** Gives the guest one network card more: eth0, eth1, and so on. */
    public void addCard(MacAddress address, Ethernet network) {
        NetworkBackend card = new NetworkBackend(wiring, cards.size(), address, network);
        cards.add(card);
        card.announce();
        storeEvent();
    }

    /** How many devices the guest's drivers are connected to. */
    public int connectedDevices() {
        return (int) Stream.concat(disks.stream(), cards.stream())
                .filter(DeviceBackend::isConnected)
                .count();
    }

    /** The guest has sent an event to the store. */
    public void storeEvent() {
        rounds = 0;
        settle();
    }

    /** Has the store and the back ends answer one another until there is nothing more to answer. */
    private void settle() {
        do {
            connection.serve();
        } while (rounds++ < MOST_ROUNDS && store.dispatch());
    }

    /** Asks the guest to end, or to halt for its migration: {@code poweroff}, {@code reboot}, {@code suspend}. */
    public void requestShutdown(String kind) {
        directory.requestShutdown(kind);
        storeEvent();
    }

    /** Takes a request back that the guest has not taken note of yet. */
    public void withdrawShutdown(String kind) {
        directory.withdrawShutdown(kind);
        storeEvent();
    }

    /** Asks the guest to give memory back, or to take it again, until it has that much. */
    public void memoryTarget(long kibibytes) {
        directory.memoryTarget(kibibytes);
        storeEvent();
    }

    /** What the store and the back ends know that is not in the guest's memory, in words; equal if and only if they are. */
    public String state() {
        StringBuilder text = new StringBuilder();
        tree.describe(text);
        connection.describe(text);
        store.describe(text);
        disks.forEach(disk -> disk.describe(text));
        cards.forEach(card -> card.describe(text));
        return text.toString();
    }

    /** Lets go of all the guest's memory, and of the network. */
    @Override
    public void close() {
        disks.forEach(DeviceBackend::disconnect);
        cards.forEach(DeviceBackend::disconnect);
        cards.forEach(NetworkBackend::unplug);
    }
}
