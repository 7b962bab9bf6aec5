package dev.simvisor.node.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.network.Uplink;
import dev.simvisor.node.machine.pci.PciBus;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Drives the card as a driver does (virtio 1.2 §5.1). */
class VirtioNetworkTest {
    private static final long BASE = 0xE000_0000L;
    private static final long ISR = BASE + 0x1000;
    private static final long CONFIGURATION = BASE + 0x2000;
    private static final long NOTIFY = BASE + 0x3000;
    private static final MacAddress ADDRESS = MacAddress.parse("52:54:00:00:00:07");
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int QUEUE_SIZE = 8;
    private static final int HEADER = 12;
    private static final int WRITE = 2;
    private static final int NEEDS_RESET = 0x40;

    private final MachineMemory host = MachineMemory.ofBytes(8 << 20);
    private final GuestMemory memory = new GuestMemory(host, 4 << 20);
    private final Bus bus = new Bus("memory");
    private final Uplink uplink = new Uplink();
    private final List<byte[]> sent = new ArrayList<>();
    private final VirtioNetwork card = new VirtioNetwork(new NetworkCard(ADDRESS, uplink), memory);
    private final int[] available = new int[2];
    private boolean interrupt;

    @BeforeEach
    void plug() {
        PciBus pci = new PciBus(bus, irq -> asserted -> interrupt = asserted);
        pci.plug(2, card.transport());
        pci.assignResources(BASE);
        uplink.sendTo(sent::add);
    }

    @AfterEach
    void closeHost() {
        memory.close();
        host.close();
    }

    private void register(int offset, int size, long value) {
        bus.write(BASE + offset, size, value);
    }

    private static long rings(int queue) {
        return 0x1_0000 + queue * 0x1_0000L;
    }

    /** With the features of the first word that are given, and VERSION_1. */
    private void start(int features) {
        for (int status : new int[] {0, 1, 3}) register(0x14, 1, status);
        register(0x08, 4, 0);
        register(0x0C, 4, features);
        register(0x08, 4, 1);
        register(0x0C, 4, 1);
        register(0x14, 1, 11);
        for (int queue : new int[] {RECEIVE, TRANSMIT}) {
            register(0x16, 2, queue);
            register(0x18, 2, QUEUE_SIZE);
            register(0x20, 8, rings(queue));
            register(0x28, 8, rings(queue) + 0x1000);
            register(0x30, 8, rings(queue) + 0x2000);
            register(0x1C, 2, 1);
        }
        register(0x14, 1, 15);
    }

    private void offer(int queue, long address, int length, int flags) {
        int slot = available[queue] % QUEUE_SIZE;
        long descriptor = rings(queue) + 16L * slot;
        memory.write(descriptor, 8, address);
        memory.write(descriptor + 8, 4, length);
        memory.write(descriptor + 12, 2, flags);
        memory.write(rings(queue) + 0x1004 + 2L * slot, 2, slot);
        memory.write(rings(queue) + 0x1002, 2, ++available[queue]);
    }

    private void send(int length) {
        offer(TRANSMIT, 0x5_0000, length, 0);
        bus.write(NOTIFY + 4L * TRANSMIT, 2, TRANSMIT);
    }

    private long used(int queue) {
        return memory.read(rings(queue) + 0x2002, 2);
    }

    private long usedLength(int queue, int slot) {
        return memory.read(rings(queue) + 0x2008 + 8L * slot, 4);
    }

    private static byte[] frame(int length) {
        byte[] frame = new byte[length];
        new Random(length).nextBytes(frame);
        return frame;
    }

    private long status() {
        return bus.read(BASE + 0x14, 1);
    }

    @Test
    void cardSaysItsAddressAndThatItsLinkIsUp() {
        start(1 << 5 | 1 << 16);
        assertThat(status()).isEqualTo(15);
        assertThat(bus.read(CONFIGURATION, 4)).isEqualTo(0x0000_5452L);
        assertThat(bus.read(CONFIGURATION + 4, 2)).isEqualTo(0x0700L);
        assertThat(bus.read(CONFIGURATION + 6, 2)).isEqualTo(1);
    }

    @Test
    void checksumsAreNotOffered() {
        start(1);
        assertThat(status() & 8).isZero();
    }

    @Test
    void frameLeavesWithoutItsHeader() {
        start(0);
        memory.write(0x5_0000 + HEADER, frame(60), 0, 60);
        send(HEADER + 60);
        assertThat(sent).hasSize(1);
        assertThat(sent.getFirst()).isEqualTo(frame(60));
        assertThat(used(TRANSMIT)).isEqualTo(1);
        assertThat(interrupt).isTrue();
    }

    @Test
    void framesThatNoEthernetCarriesAreLost() {
        start(0);
        send(HEADER + 1519);
        send(HEADER + 13);
        send(HEADER);
        assertThat(sent).isEmpty();
        assertThat(used(TRANSMIT)).isEqualTo(3);
        send(HEADER + 1518);
        assertThat(sent).hasSize(1);
    }

    @Test
    void frameWithoutAHeaderStopsTheDevice() {
        start(0);
        send(HEADER - 1);
        assertThat(status() & NEEDS_RESET).isNotZero();
        assertThat(bus.read(ISR, 1)).isEqualTo(2);
        send(HEADER + 60);
        uplink.receive(frame(60));
        assertThat(sent).isEmpty();
    }

    @Test
    void frameComesWithAHeaderOfOneBuffer() {
        start(0);
        offer(RECEIVE, 0x6_0000, 1530, WRITE);
        uplink.receive(frame(1518));
        assertThat(used(RECEIVE)).isEqualTo(1);
        assertThat(usedLength(RECEIVE, 0)).isEqualTo(1530);
        assertThat(memory.read(0x6_0000 + 8, 4)).isEqualTo(0x1_0000);
        byte[] got = new byte[1518];
        memory.read(0x6_0000 + HEADER, got, 0, got.length);
        assertThat(got).isEqualTo(frame(1518));
        assertThat(interrupt).isTrue();
    }

    @Test
    void frameWithoutABufferIsLost() {
        uplink.receive(frame(60));
        start(0);
        uplink.receive(frame(60));
        offer(RECEIVE, 0x6_0000, 1530, WRITE);
        bus.write(NOTIFY, 2, RECEIVE);
        assertThat(used(RECEIVE)).isZero();
        uplink.receive(frame(61));
        assertThat(usedLength(RECEIVE, 0)).isEqualTo(HEADER + 61);
    }

    @Test
    void bufferThatIsTooSmallComesBackEmpty() {
        start(0);
        offer(RECEIVE, 0x6_0000, 60, WRITE);
        uplink.receive(frame(60));
        assertThat(used(RECEIVE)).isEqualTo(1);
        assertThat(usedLength(RECEIVE, 0)).isZero();
        assertThat(status() & NEEDS_RESET).isZero();
    }

    @Test
    void guestThatWritesItsOwnRingGetsNoMoreServedThanThereIs() {
        start(0);
        // The index of what is offered lies in the buffer of a frame: each one offers another.
        offer(RECEIVE, rings(RECEIVE) + 0x1000 - HEADER, 1530, WRITE);
        for (int n = 0; n < 100; n++) uplink.receive(new byte[60]);
        assertThat(used(RECEIVE)).isLessThanOrEqualTo(100);
    }

    @Test
    void cableThatIsPulledOutIsToldOf() {
        start(1 << 16);
        bus.read(ISR, 1);
        card.link(false);
        assertThat(bus.read(ISR, 1)).isEqualTo(2);
        assertThat(bus.read(CONFIGURATION + 6, 2)).isZero();
        assertThat(bus.read(BASE + 0x15, 1)).isEqualTo(1);
        offer(RECEIVE, 0x6_0000, 1530, WRITE);
        uplink.receive(frame(60));
        send(HEADER + 60);
        assertThat(used(RECEIVE)).isZero();
        assertThat(used(TRANSMIT)).isEqualTo(1);
        assertThat(sent).isEmpty();
    }

    @Test
    void stateGoesToACardOfTheSameAddressAlone() {
        start(0);
        card.link(false);
        GuestMemory other = new GuestMemory(host, 1 << 20);
        VirtioNetwork restored = new VirtioNetwork(new NetworkCard(ADDRESS, new Uplink()), other);
        restored.transport().restore(card.transport().save());
        assertThat(restored.transport().save()).isEqualTo(card.transport().save());
        VirtioNetwork stranger = new VirtioNetwork(new NetworkCard(new MacAddress(2), new Uplink()), other);
        assertThatThrownBy(() -> stranger.transport().restore(card.transport().save()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another address");
        other.close();
    }
}
