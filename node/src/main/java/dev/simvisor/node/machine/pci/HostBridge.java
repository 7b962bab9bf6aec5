package dev.simvisor.node.machine.pci;

import com.google.protobuf.ByteString;

/**
 * The Intel 82441FX, the north bridge whose memory and interrupt layout every PC system knows. On a board with firmware it has
 * the programmable attribute map, by which firmware makes the memory under its own image writable
 * (Intel 440FX PCIset, 82441FX data sheet §3.2.12).
 *
 * <p>The map's read enables do nothing, because reads always go to memory. The board leaves in it what the ROM holds there, which
 * is what firmware that copies itself would put there, and memory's contents at power-on are not defined otherwise.
 */
public final class HostBridge extends PciFunction {
    private static final int VENDOR = 0x8086;
    private static final int DEVICE = 0x1237;
    private static final int REVISION = 2;
    private static final int HOST_BRIDGE = 0x060000;

    // Registers PAM0 to PAM6: a nibble for each segment, but for the low one of PAM0, which is reserved
    private static final int ATTRIBUTE_MAP = 0x59;
    private static final int ATTRIBUTE_MAP_SIZE = 7;
    private static final int READ_ENABLE = 1;
    private static final int WRITE_ENABLE = 2;
    private static final int ATTRIBUTES = READ_ENABLE | WRITE_ENABLE;
    private static final int NIBBLE = 4;

    private static final long SHADOW_START = 0xC_0000;
    private static final long SEGMENT = 0x4000;
    private static final int SEGMENTS = 12;
    private static final long LAST_SEGMENT_START = 0xF_0000;
    private static final long SHADOW_END = 0x10_0000;

    /** Memory whose writes the bridge lets through or keeps away. */
    public interface ShadowMemory {
        /** From {@code start} up to {@code end}, as addresses. */
        void writable(long start, long end, boolean writable);

        /** Memory that is always writable. */
        ShadowMemory NONE = (start, end, writable) -> {};
    }

    private final ShadowMemory shadow;

    /** A bridge on a board without firmware: all memory is writable, and nothing changes that. */
    public HostBridge() {
        super("host bridge", VENDOR, DEVICE, REVISION, HOST_BRIDGE);
        shadow = ShadowMemory.NONE;
    }

    /** A bridge with the attribute map, after a reset: no memory from C0000h to FFFFFh is writable. */
    public HostBridge(ShadowMemory shadow) {
        super("host bridge", VENDOR, DEVICE, REVISION, HOST_BRIDGE);
        this.shadow = shadow;
        int segment = ATTRIBUTES | ATTRIBUTES << NIBBLE;
        configuration().allowWrites(ATTRIBUTE_MAP, 1, ATTRIBUTES << NIBBLE);
        for (int register = 1; register < ATTRIBUTE_MAP_SIZE; register++) {
            configuration().allowWrites(ATTRIBUTE_MAP + register, 1, segment);
        }
        applyAttributes();
    }

    @Override
    public void writeConfiguration(int offset, int size, int value) {
        super.writeConfiguration(offset, size, value);
        if (offset < ATTRIBUTE_MAP + ATTRIBUTE_MAP_SIZE && offset + size > ATTRIBUTE_MAP) {
            applyAttributes();
        }
    }

    @Override
    public void restoreConfiguration(ByteString saved) {
        super.restoreConfiguration(saved);
        applyAttributes();
    }

    private void applyAttributes() {
        shadow.writable(LAST_SEGMENT_START, SHADOW_END, isWritable(0, 1));
        for (int segment = 0; segment < SEGMENTS; segment++) {
            long start = SHADOW_START + segment * SEGMENT;
            shadow.writable(start, start + SEGMENT, isWritable(1 + segment / 2, segment % 2));
        }
    }

    private boolean isWritable(int register, int nibble) {
        int attributes = configuration().get(ATTRIBUTE_MAP + register, 1) >> nibble * NIBBLE;
        return (attributes & WRITE_ENABLE) != 0;
    }
}
