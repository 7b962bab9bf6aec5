package dev.simvisor.node.vmm.hostile;

import dev.simvisor.node.machine.disk.DiskInMemory;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.node.machine.network.NetworkPort;
import dev.simvisor.node.machine.network.VirtualSwitch;
import dev.simvisor.node.vmm.para.event.Channel;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Front ends that mean harm: they do meet the back ends of two disks and two network cards, by the store, and publish rings
 * that make little sense there; and they say to the store itself what it does not expect.
 */
final class HostileDevices {
    private static final int EVENT_CHANNEL_OP = 32;
    private static final int SEND = 4;
    private static final int ALLOCATE_UNBOUND = 6;
    private static final int SELF = 0x7FF0;
    private static final int SECTORS = 64;

    // The store's ring (Xen, io/xs_wire.h).
    private static final int STORE_PORT = 2;
    private static final int CONSOLE_PORT = 1;
    private static final int RING_BYTES = 1024;
    private static final int REQUESTS_PRODUCED = 2052;
    private static final int ANSWERS_CONSUMED = 2056;
    private static final int ANSWERS_PRODUCED = 2060;
    private static final int WRITE = 11;
    private static final int MOST_TYPE = 24;

    // struct sring (Xen, io/ring.h).
    private static final int RESPONSES_PRODUCED = 8;
    private static final int RING_SLOTS = 64;

    private static final String[] PATHS = {
        "device/vbd/51712/state",
        "device/vif/0/state",
        "device/vbd/51728",
        "data/a",
        "data/a/b/c",
        "data",
        "control/shutdown",
        "/local/domain/1/data/b",
        "/local/domain/0/backend/vbd/1/51712/state",
        "/local/domain/2/data",
        "/",
        "@releaseDomain",
        "@introduceDomain",
        "",
        "//",
        "data/",
        "error/device",
        "attr/x",
        "memory/target",
        "/vm",
        "device"
    };

    /** A ring of a device, as its kind has it. */
    private record Ring(String key, int slotBytes, int slots) {}

    private record Device(String path, List<Ring> rings) {
        static Device disk(int number) {
            return new Device("device/vbd/" + number + "/", List.of(new Ring("ring-ref", 112, 32)));
        }

        static Device card(int number) {
            return new Device(
                    "device/vif/" + number + "/",
                    List.of(new Ring("tx-ring-ref", 12, 256), new Ring("rx-ring-ref", 8, 256)));
        }

        boolean isDisk() {
            return rings.size() == 1;
        }
    }

    private static final List<Device> DEVICES =
            List.of(Device.disk(51712), Device.disk(51728), Device.card(0), Device.card(1));

    private final RandomGenerator random;
    private final HostileDomain attacker;
    private final HostileHypercalls values;
    private final NetworkPort other;
    private final int[] ports = new int[DEVICES.size()];
    private final long[][] rings = new long[DEVICES.size()][2];
    /** Connected for some time, in the course of it all. */
    private int connections;

    HostileDevices(RandomGenerator random, HostileDomain attacker, HostileHypercalls values) {
        this.random = random;
        this.attacker = attacker;
        this.values = values;
        DiskInMemory disk = new DiskInMemory(SECTORS * 512);
        random.nextBytes(disk.bytes);
        attacker.backends().addDisk(disk);
        DiskInMemory readOnly = new DiskInMemory(SECTORS * 512);
        readOnly.readOnly = true;
        attacker.backends().addDisk(readOnly);
        VirtualSwitch network = new VirtualSwitch();
        for (int n = 0; n < 2; n++) attacker.backends().addCard(new MacAddress(0x0016_3E00_0000L + n), network);
        other = network.connect(frame -> {});
    }

    int connections() {
        return connections;
    }

    void misuse() {
        int device = random.nextInt(DEVICES.size());
        switch (random.nextInt(16)) {
            case 0 -> connect(device);
            case 1, 2, 3, 4, 5 -> publish(device);
            case 6, 7 -> say(random.nextInt(MOST_TYPE), text(), transaction());
            case 8 -> scribble();
            case 9, 10, 11 -> values.grants().forgeEntry();
            case 12 -> other.send(frame());
            case 13 -> console();
            case 14 -> {
                if (random.nextInt(8) == 0) attacker.backends().requestShutdown("poweroff");
                else attacker.backends().memoryTarget(random.nextInt(1 << 20));
            }
            default -> send(random.nextInt(8));
        }
    }

    // ---- the store

    private long storeFrame() {
        return attacker.ringFrame(GrantTable.XENSTORE);
    }

    private int transaction() {
        return random.nextInt(3) == 0 ? random.nextInt(16) == 0 ? random.nextInt() : random.nextInt(12) : 0;
    }

    private String text() {
        StringBuilder text = new StringBuilder(PATHS[random.nextInt(PATHS.length)]);
        if (random.nextInt(6) == 0) text.append(("/" + random.nextInt(64)).repeat(random.nextInt(700)));
        if (random.nextInt(8) != 0) text.append('\0');
        switch (random.nextInt(6)) {
            case 0 -> text.append(random.nextInt(8)).append('\0');
            case 1 ->
                text.append("nrwbx".charAt(random.nextInt(5)))
                        .append(random.nextInt(3))
                        .append("\0r")
                        .append(random.nextInt(70_000))
                        .append('\0');
            case 2 -> text.setLength(0);
            case 3 -> text.append("token").append(random.nextInt(20)).append('\0');
            default -> {}
        }
        if (random.nextInt(16) == 0) text.append("T\0");
        if (random.nextInt(24) == 0) text.replace(0, text.length(), random.nextBoolean() ? "T\0" : "F\0");
        return text.substring(0, Math.min(text.length(), 4096));
    }

    /** A whole message, in as many parts as the ring has room for, and nobody reads the answer but once in a while. */
    private void say(int type, String payload, int transaction) {
        byte[] text = payload.getBytes(StandardCharsets.ISO_8859_1);
        int length = random.nextInt(2000) == 0 ? random.nextInt() : text.length;
        byte[] message = ByteBuffer.allocate(16 + text.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(random.nextInt(64) == 0 ? random.nextInt() : type)
                .putInt(random.nextInt())
                .putInt(transaction)
                .putInt(length)
                .put(text)
                .array();
        for (int sent = 0; sent < message.length; sent += RING_BYTES) {
            if (random.nextInt(64) != 0) readAnswers();
            int produced = attacker.word(storeFrame(), REQUESTS_PRODUCED);
            int part = Math.min(RING_BYTES, message.length - sent);
            for (int n = 0; n < part; n++) {
                attacker.forge(storeFrame(), produced + n & RING_BYTES - 1, new byte[] {message[sent + n]});
            }
            word(storeFrame(), REQUESTS_PRODUCED, produced + part);
            send(STORE_PORT);
        }
    }

    private void readAnswers() {
        for (int n = 0; n < 16; n++) {
            int produced = attacker.word(storeFrame(), ANSWERS_PRODUCED);
            if (attacker.word(storeFrame(), ANSWERS_CONSUMED) == produced) return;
            word(storeFrame(), ANSWERS_CONSUMED, produced);
            send(STORE_PORT);
        }
    }

    /** Anything in the store's page; its indices too, but seldom, because nothing is heard after that. */
    private void scribble() {
        int produced = attacker.word(storeFrame(), REQUESTS_PRODUCED);
        byte[] bytes = new byte[1 + random.nextInt(48)];
        random.nextBytes(bytes);
        if (random.nextInt(400) == 0) {
            attacker.forge(storeFrame(), 2048 + 4 * random.nextInt(7), new byte[] {bytes[0], 0, 0, bytes[0]});
        } else if (random.nextInt(60) == 0) {
            attacker.forge(storeFrame(), random.nextInt(RING_BYTES), bytes);
            word(storeFrame(), REQUESTS_PRODUCED, produced + bytes.length);
        }
        send(STORE_PORT);
    }

    private void write(String path, String value) {
        String written = random.nextInt(40) == 0 ? String.valueOf(random.nextInt()) : value;
        say(WRITE, path + "\0" + written, 0);
    }

    // ---- devices

    private void connect(int index) {
        Device device = DEVICES.get(index);
        write(device.path() + "state", "6");
        write(device.path() + "state", "1");
        for (int n = 0; n < device.rings().size(); n++) {
            long frame = attacker.sharedFrame(random);
            rings[index][n] = frame;
            int start = random.nextInt(4) == 0 ? random.nextInt() : 0;
            for (int word = 0; word < 4; word++) word(frame, 4 * word, start + (word & 1));
            int reference = values.grants().permit(frame, random.nextInt(16) == 0);
            write(device.path() + device.rings().get(n).key(), Integer.toString(reference));
        }
        ports[index] = port(ports[index]);
        write(device.path() + "event-channel", Integer.toString(ports[index]));
        write(device.path() + "request-rx-copy", "1");
        int before = attacker.backends().connectedDevices();
        write(device.path() + "state", device.isDisk() ? "3" : "4");
        if (attacker.backends().connectedDevices() > before) connections++;
    }

    /** The port if it still waits for domain 0, else another. */
    private int port(int present) {
        EventChannels events = attacker.domain().events();
        boolean exists = present > 0 && present < events.portLimit();
        if (exists && events.channel(present) instanceof Channel.Unbound(int remote) && remote == 0) return present;
        int place = attacker.place(1);
        attacker.argument(place, SELF);
        attacker.call(EVENT_CHANNEL_OP, ALLOCATE_UNBOUND, attacker.addressOf(place));
        return attacker.answer(place);
    }

    /** Requests on a ring, and the event that says so. */
    private void publish(int index) {
        Device device = DEVICES.get(index);
        for (int n = 0; n < device.rings().size(); n++) {
            Ring ring = device.rings().get(n);
            long frame = rings[index][n];
            if (frame == 0) return;
            int answered = attacker.word(frame, RESPONSES_PRODUCED);
            int count = 1 + random.nextInt(random.nextInt(8) == 0 ? ring.slots() : 4);
            for (int request = 0; request < count; request++) {
                int slot = answered + request & ring.slots() - 1;
                byte[] bytes = device.isDisk() ? block() : ring.slotBytes() == 12 ? transmit() : receive();
                attacker.forge(frame, RING_SLOTS + slot * ring.slotBytes(), bytes);
            }
            word(frame, 0, random.nextInt(200) == 0 ? random.nextInt() : answered + count);
        }
        send(ports[index]);
    }

    private byte[] block() {
        ByteBuffer request = ByteBuffer.allocate(112).order(ByteOrder.LITTLE_ENDIAN);
        int segments = random.nextInt(12) == 0 ? random.nextInt(256) : 1 + random.nextInt(3);
        request.put((byte) (random.nextInt(8) == 0 ? random.nextInt(256) : random.nextInt(4)))
                .put((byte) segments);
        request.putLong(8, random.nextLong());
        request.putLong(16, random.nextInt(12) == 0 ? random.nextLong() : random.nextInt(SECTORS));
        for (int n = 0; n < Math.min(segments, 11); n++) {
            int first = random.nextInt(16) == 0 ? random.nextInt(256) : random.nextInt(8);
            int last = random.nextInt(16) == 0 ? random.nextInt(256) : Math.min(7, first + random.nextInt(3));
            request.putInt(24 + 8 * n, reference())
                    .put(28 + 8 * n, (byte) first)
                    .put(29 + 8 * n, (byte) last);
        }
        return request.array();
    }

    private byte[] transmit() {
        int flags = random.nextInt(8) == 0 ? random.nextInt(1 << 16) : random.nextInt(2);
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(reference())
                .putShort((short) (random.nextInt(12) == 0 ? random.nextInt() : random.nextInt(2048)))
                .putShort((short) flags)
                .putShort((short) random.nextInt())
                .putShort((short) (random.nextInt(12) == 0 ? random.nextInt() : 14 + random.nextInt(1500)))
                .array();
    }

    private byte[] receive() {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(random.nextInt())
                .putInt(reference())
                .array();
    }

    private int reference() {
        return random.nextInt(24) == 0 ? random.nextInt() : random.nextInt(26);
    }

    private byte[] frame() {
        byte[] frame = new byte[random.nextInt(8) == 0 ? random.nextInt(1600) : 60 + random.nextInt(1400)];
        random.nextBytes(frame);
        if (random.nextBoolean() && frame.length > 6) frame[0] |= 1; // to all
        return frame;
    }

    private void console() {
        long frame = attacker.ringFrame(GrantTable.CONSOLE);
        int word = 3072 + 4 * random.nextInt(4);
        word(frame, word, random.nextInt(4) == 0 ? random.nextInt() : attacker.word(frame, word) + random.nextInt(8));
        if (random.nextBoolean()) attacker.type(new byte[] {65});
        send(CONSOLE_PORT);
    }

    private void word(long frame, int offset, int value) {
        attacker.forge(
                frame,
                offset,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    private void send(int port) {
        int place = attacker.place(1);
        attacker.argument(place, port);
        attacker.call(EVENT_CHANNEL_OP, SEND, attacker.addressOf(place));
    }
}
