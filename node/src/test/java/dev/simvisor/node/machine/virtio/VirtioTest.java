package dev.simvisor.node.machine.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.disk.DiskInMemory;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.pci.PciBus;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Drives the devices as a driver does: structures in memory, registers over the bus (virtio 1.2 §3.1, §4.1). */
class VirtioTest {
    private static final long BASE = 0xE000_0000L;
    private static final long ISR = BASE + 0x1000;
    private static final long CONFIGURATION = BASE + 0x2000;
    private static final long NOTIFY = BASE + 0x3000;
    private static final long DESCRIPTORS = 0x1_0000;
    private static final long AVAILABLE = 0x1_1000;
    private static final long USED = 0x1_2000;
    private static final long HEADER = 0x2_0000;
    private static final long DATA = 0x3_0000;
    private static final long STATUS_BYTE = 0x4_0000;
    private static final int QUEUE_SIZE = 8;
    private static final int NEXT = 1;
    private static final int WRITE = 2;

    private final MachineMemory host = MachineMemory.ofBytes(4 << 20);
    private final GuestMemory memory = new GuestMemory(host, 4 << 20);
    private final Bus bus = new Bus("memory");
    private final StringBuilder sent = new StringBuilder();
    private final DiskInMemory disk = new DiskInMemory(64 * 512);
    private boolean interrupt;
    private int available;

    @AfterEach
    void closeHost() {
        host.close();
    }

    // ---- a small driver ----

    private void plug(VirtioPci function) {
        PciBus pci = new PciBus(bus, irq -> asserted -> interrupt = asserted);
        pci.plug(1, function);
        pci.assignResources(BASE);
    }

    private void writeRegister(int offset, int size, long value) {
        bus.write(BASE + offset, size, value);
    }

    private long readRegister(int offset, int size) {
        return bus.read(BASE + offset, size);
    }

    private void start(int queue) {
        writeRegister(0x14, 1, 0);
        writeRegister(0x14, 1, 1);
        writeRegister(0x14, 1, 3);
        writeRegister(0x08, 4, 1);
        writeRegister(0x0C, 4, 1);
        writeRegister(0x14, 1, 11);
        assertThat(readRegister(0x14, 1)).isEqualTo(11);
        writeRegister(0x16, 2, queue);
        writeRegister(0x18, 2, QUEUE_SIZE);
        writeRegister(0x20, 8, DESCRIPTORS);
        writeRegister(0x28, 4, AVAILABLE);
        writeRegister(0x2C, 4, 0);
        writeRegister(0x30, 8, USED);
        writeRegister(0x1C, 2, 1);
        writeRegister(0x14, 1, 15);
    }

    private void descriptor(int index, long address, int length, int flags, int next) {
        long at = DESCRIPTORS + 16L * index;
        memory.write(at, 8, address);
        memory.write(at + 8, 4, length);
        memory.write(at + 12, 2, flags);
        memory.write(at + 14, 2, next);
    }

    private void offer(int queue, int head) {
        memory.write(AVAILABLE + 4 + 2L * (available % QUEUE_SIZE), 2, head);
        available++;
        memory.write(AVAILABLE + 2, 2, available);
        bus.write(NOTIFY + 4L * queue, 2, queue);
    }

    private long blockRequest(int type, long sector, int length, boolean deviceWrites) {
        memory.write(HEADER, 4, type);
        memory.write(HEADER + 8, 8, sector);
        memory.write(STATUS_BYTE, 1, 0xEE);
        descriptor(0, HEADER, 16, NEXT, length == 0 ? 2 : 1);
        descriptor(1, DATA, length, NEXT | (deviceWrites ? WRITE : 0), 2);
        descriptor(2, STATUS_BYTE, 1, WRITE, 0);
        offer(0, 0);
        return memory.read(STATUS_BYTE, 1);
    }

    private boolean needsReset() {
        return (readRegister(0x14, 1) & 0x40) != 0;
    }

    private void plugDisk() {
        plug(VirtioBlock.onPci(disk, "serial-0123", memory));
        start(0);
    }

    // ---- the transport ----

    @Test
    void featuresThatWereNotOfferedAreRefused() {
        plug(VirtioBlock.onPci(disk, "serial", memory));
        writeRegister(0x14, 1, 3);
        writeRegister(0x08, 4, 1);
        writeRegister(0x0C, 4, 3); // VERSION_1 and ACCESS_PLATFORM
        writeRegister(0x14, 1, 11);
        assertThat(readRegister(0x14, 1)).isEqualTo(3);
    }

    @Test
    void aDriverWithoutVersionOneIsRefused() {
        plug(VirtioBlock.onPci(disk, "serial", memory));
        writeRegister(0x14, 1, 11);
        assertThat(readRegister(0x14, 1) & 8).isZero();
    }

    @Test
    void aDiskSaysItsCapacityInSectors() {
        plugDisk();
        assertThat(bus.read(CONFIGURATION, 8)).isEqualTo(64);
        assertThat(bus.read(CONFIGURATION + 20, 4)).isEqualTo(512);
    }

    @Test
    void readingTheInterruptStatusAcknowledgesIt() {
        plugDisk();
        blockRequest(4, 0, 0, false);
        assertThat(interrupt).isTrue();
        assertThat(bus.read(ISR, 1)).isEqualTo(1);
        assertThat(interrupt).isFalse();
        assertThat(bus.read(ISR, 1)).isZero();
    }

    @Test
    void aDriverThatPollsIsNotInterrupted() {
        plugDisk();
        memory.write(AVAILABLE, 2, 1);
        blockRequest(4, 0, 0, false);
        assertThat(interrupt).isFalse();
        assertThat(memory.read(USED + 2, 2)).isEqualTo(1);
    }

    @Test
    void structuresAreReachedThroughConfigurationSpaceToo() {
        VirtioPci function = VirtioBlock.onPci(disk, "serial", memory);
        plug(function);
        function.writeConfiguration(0x8C, 4, 0x2000); // offset of the device's configuration
        function.writeConfiguration(0x90, 4, 4);
        assertThat(function.readConfiguration(0x94, 4)).isEqualTo(64);
        function.writeConfiguration(0x8C, 4, 0x14); // the status
        function.writeConfiguration(0x90, 4, 1);
        function.writeConfiguration(0x94, 1, 3);
        assertThat(readRegister(0x14, 1)).isEqualTo(3);
        function.writeConfiguration(0x8C, 4, 0x4000); // beyond the range: what was read last stays
        assertThat(function.readConfiguration(0x94, 1)).isEqualTo(64);
    }

    // ---- block ----

    @Test
    void whatIsWrittenIsReadBack() {
        plugDisk();
        byte[] pattern = new byte[3 * 512];
        new Random(7).nextBytes(pattern);
        memory.write(DATA, pattern);
        assertThat(blockRequest(1, 5, pattern.length, false)).isZero();
        assertThat(Arrays.copyOfRange(disk.bytes, 5 * 512, 8 * 512)).isEqualTo(pattern);
        memory.write(DATA, new byte[pattern.length]);
        assertThat(blockRequest(0, 5, pattern.length, true)).isZero();
        byte[] back = new byte[pattern.length];
        memory.read(DATA, back, 0, back.length);
        assertThat(back).isEqualTo(pattern);
        assertThat(memory.read(USED + 4 + 8, 4)).isZero();
        assertThat(memory.read(USED + 4 + 8 + 4, 4)).isEqualTo(pattern.length + 1L);
    }

    /** As after the hand-over of post-copy: rings, request and buffer have yet to come. */
    @Test
    void aTransferIsTheSameWherePagesAreMissingAndTheyAreWaitedFor() {
        plugDisk();
        byte[] data = new byte[1024];
        new Random(5).nextBytes(data);
        memory.write(DATA, data);
        blockRequest(1, 3, data.length, false);
        BitSet pages = new BitSet();
        for (long address : new long[] {DESCRIPTORS, AVAILABLE, USED, HEADER, DATA, STATUS_BYTE}) {
            pages.set((int) (address >>> 12));
        }
        BitSet others = new BitSet();
        others.set((int) (DATA >>> 12) + 1);
        BitSet all = (BitSet) pages.clone();
        all.or(others);
        int[] stalls = new int[1];
        memory.observeMisses(() -> stalls[0]++);

        memory.withhold(all);
        bus.write(NOTIFY, 2, 0); // nothing new: the device looks at the ring all the same
        assertThat(blockRequest(0, 3, data.length, true)).isZero();

        byte[] back = new byte[data.length];
        memory.read(DATA, back, 0, back.length);
        assertThat(back).isEqualTo(data);
        assertThat(memory.takeMissed()).isEqualTo(pages);
        assertThat(stalls[0]).isEqualTo(pages.cardinality());
        assertThat(memory.isComplete()).isFalse();
        memory.come(others);
        assertThat(memory.isComplete()).isTrue();
    }

    @Test
    void theSerialNumberIsTwentyBytes() {
        plugDisk();
        assertThat(blockRequest(8, 0, 20, true)).isZero();
        byte[] id = new byte[20];
        memory.read(DATA, id, 0, 20);
        assertThat(new String(id, StandardCharsets.US_ASCII)).startsWith("serial-0123\0");
    }

    @Test
    void requestsBeyondTheDiskFailAndChangeNothing() {
        plugDisk();
        byte[] before = disk.bytes.clone();
        memory.write(DATA, new byte[] {1});
        assertThat(blockRequest(1, 64, 512, false)).isEqualTo(1);
        assertThat(blockRequest(1, 63, 1024, false)).isEqualTo(1);
        assertThat(blockRequest(0, -1, 512, true)).isEqualTo(1);
        assertThat(blockRequest(0, Long.MAX_VALUE, 512, true)).isEqualTo(1);
        assertThat(blockRequest(0, 0, 100, true)).isEqualTo(1);
        assertThat(disk.bytes).isEqualTo(before);
        assertThat(needsReset()).isFalse();
    }

    @Test
    void aReadOnlyDiskRefusesWrites() {
        disk.readOnly = true;
        plugDisk();
        assertThat(blockRequest(1, 0, 512, false)).isEqualTo(1);
    }

    @Test
    void unknownRequestsAreUnsupported() {
        plugDisk();
        assertThat(blockRequest(77, 0, 0, false)).isEqualTo(2);
    }

    // ---- hostile rings ----

    /** A read goes to the available ring's index: whenever it is done, the driver seems to have offered one request more. */
    @Test
    void aRingThatTheDeviceRefillsIsServedOnceRoundAtEachNotification() {
        int[] reads = new int[1];
        plug(VirtioBlock.onPci(diskThatOffers(reads), "serial", memory));
        start(0);
        descriptor(0, HEADER, 16, NEXT, 1);
        descriptor(1, AVAILABLE + 2, 2, NEXT | WRITE, 2);
        descriptor(2, DATA, 510, NEXT | WRITE, 3);
        descriptor(3, STATUS_BYTE, 1, WRITE, 0);
        offer(0, 0);
        assertThat(reads[0]).isEqualTo(QUEUE_SIZE);
        bus.write(NOTIFY, 2, 0);
        assertThat(reads[0]).isEqualTo(2 * QUEUE_SIZE);
        assertThat(needsReset()).isFalse();
    }

    private static DiskInMemory diskThatOffers(int[] reads) {
        return new DiskInMemory(512) {
            @Override
            public void read(long position, byte[] target, int offset, int length) {
                assertThat(++reads[0]).isLessThan(1000);
                int offered = reads[0] + 1;
                target[offset] = (byte) offered;
                target[offset + 1] = (byte) (offered >> 8);
            }
        };
    }

    @Test
    void aFullRingIsServedEntirely() {
        plugDisk();
        memory.write(HEADER, 4, 4); // flushes
        descriptor(0, HEADER, 16, NEXT, 1);
        descriptor(1, STATUS_BYTE, 1, WRITE, 0);
        available = QUEUE_SIZE - 1;
        offer(0, 0);
        assertThat(memory.read(USED + 2, 2)).isEqualTo(QUEUE_SIZE);
    }

    @Test
    void aRingThatMakesNoSenseStopsTheDeviceUntilItIsReset() {
        plugDisk();
        descriptor(0, HEADER, 16, NEXT, 0); // a circle
        offer(0, 0);
        assertThat(needsReset()).isTrue();
        assertThat(interrupt).isTrue();
        assertThat(bus.read(ISR, 1)).isEqualTo(2);
        assertThat(blockRequest(4, 0, 0, false)).isEqualTo(0xEE);
        available = 0;
        memory.write(AVAILABLE + 2, 2, 0);
        start(0);
        assertThat(blockRequest(4, 0, 0, false)).isZero();
    }

    @Test
    void buffersOutsideMemoryAreRefused() {
        for (long address : new long[] {4 << 20, (4 << 20) - 8, GuestMemory.DISPLAY_START, BASE, -16, Long.MAX_VALUE}) {
            setUpAnew();
            descriptor(0, address, 16, NEXT, 1);
            descriptor(1, STATUS_BYTE, 1, WRITE, 0);
            offer(0, 0);
            assertThat(needsReset()).as("0x%x", address).isTrue();
        }
    }

    @Test
    void everyOtherBrokenRuleIsRefused() {
        setUpAnew();
        descriptor(0, HEADER, 16, NEXT, 99); // outside the table
        offer(0, 0);
        assertThat(needsReset()).isTrue();

        setUpAnew();
        offer(0, 5000);
        assertThat(needsReset()).isTrue();

        setUpAnew();
        descriptor(0, DATA, 16, NEXT | WRITE, 1); // to be read after to be written
        descriptor(1, HEADER, 16, 0, 0);
        offer(0, 0);
        assertThat(needsReset()).isTrue();

        setUpAnew();
        descriptor(0, HEADER, 16, 4, 0); // indirect
        offer(0, 0);
        assertThat(needsReset()).isTrue();

        setUpAnew();
        available = 1000; // more than the ring holds
        offer(0, 0);
        assertThat(needsReset()).isTrue();

        setUpAnew();
        descriptor(0, HEADER, 15, 0, 0); // neither a whole header nor a status
        offer(0, 0);
        assertThat(needsReset()).isTrue();
    }

    @Test
    void ringsOutsideMemoryAreRefused() {
        plugDisk();
        writeRegister(0x14, 1, 0);
        start(0);
        writeRegister(0x14, 1, 0);
        writeRegister(0x08, 4, 1);
        writeRegister(0x0C, 4, 1);
        writeRegister(0x20, 8, -16);
        writeRegister(0x28, 8, 0x7FFF_FFFF_FFFF_FFFEL);
        writeRegister(0x30, 8, 0xA_0000);
        writeRegister(0x1C, 2, 1);
        writeRegister(0x14, 1, 15);
        bus.write(NOTIFY, 2, 0);
        assertThat(needsReset()).isTrue();
    }

    @Test
    void randomRingsHarmNobody() {
        Random random = new Random(42);
        plugDisk();
        for (int round = 0; round < 2000; round++) {
            setUpAnew();
            byte[] noise = new byte[QUEUE_SIZE * 16];
            random.nextBytes(noise);
            for (int i = 0; i < QUEUE_SIZE; i++) { // small values are nearer to what passes the first check
                noise[i * 16 + 2] &= 0x3F;
                Arrays.fill(noise, i * 16 + 3, i * 16 + 8, (byte) 0);
                Arrays.fill(noise, i * 16 + 10, i * 16 + 12, (byte) 0);
                noise[i * 16 + 12] &= 3;
                noise[i * 16 + 14] &= 7;
                noise[i * 16 + 15] = 0;
            }
            memory.write(DESCRIPTORS, noise);
            offer(0, random.nextInt(QUEUE_SIZE));
        }
        assertThat(disk.bytes).hasSize(64 * 512);
    }

    private void setUpAnew() {
        if (!bus.isFree(BASE, 4)) {
            writeRegister(0x14, 1, 0);
        } else {
            plug(VirtioBlock.onPci(disk, "serial", memory));
        }
        available = 0;
        memory.write(AVAILABLE, new byte[4]);
        memory.write(USED, new byte[4]);
        start(0);
    }

    // ---- console ----

    @Test
    void consoleOutputComesOut() {
        plug(new VirtioConsole(value -> sent.append((char) value), memory).transport());
        start(1);
        memory.write(DATA, "hello".getBytes(StandardCharsets.US_ASCII));
        descriptor(0, DATA, 3, NEXT, 1);
        descriptor(1, DATA + 3, 2, 0, 0);
        offer(1, 0);
        assertThat(sent).hasToString("hello");
    }

    @Test
    void consoleInputWaitsForBuffers() {
        VirtioConsole console = new VirtioConsole(value -> {}, memory);
        plug(console.transport());
        start(0);
        console.receive("input".getBytes(StandardCharsets.US_ASCII));
        descriptor(0, DATA, 3, WRITE, 0);
        offer(0, 0);
        assertThat(memory.read(DATA, 4)).isEqualTo('i' | 'n' << 8 | 'p' << 16);
        assertThat(interrupt).isTrue();

        VirtioConsole restored = new VirtioConsole(value -> {}, memory);
        restored.transport().restore(console.transport().save());
        assertThat(restored.transport().save()).isEqualTo(console.transport().save());
        assertThat(restored.save().toStringUtf8()).isEqualTo("ut");
    }
}
