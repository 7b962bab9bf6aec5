package dev.simvisor.node.vmm.para.build;

import dev.simvisor.node.machine.boot.Image;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** ELF files with Xen's notes around a few bytes of code, for tests. */
public final class TinyKernel {
    public static final long BASE = 0xFFFF_FFFF_8000_0000L;
    /** Physical and, above {@link #BASE}, virtual address of the code. */
    public static final int START = 0x10_0000;

    private static final int CODE_OFFSET = 0x1000;
    private static final int NOTES_OFFSET = 0x200;

    private final Map<Integer, Long> notes = new TreeMap<>();
    private final byte[] code;

    public TinyKernel(byte[] code) {
        this.code = code;
        note(XenNotes.ENTRY, BASE + START);
        note(XenNotes.VIRT_BASE, BASE);
        note(XenNotes.PADDR_OFFSET, 0);
    }

    public TinyKernel note(int type, long value) {
        notes.put(type, value);
        return this;
    }

    public TinyKernel withoutNotes() {
        notes.clear();
        return this;
    }

    public Image image() {
        ByteBuffer file = ByteBuffer.allocate(CODE_OFFSET + code.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464C457F).put(4, (byte) 2).put(5, (byte) 1);
        file.putLong(24, BASE + START).putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        header(file, 64, 1, CODE_OFFSET, code.length);
        header(file, 120, 4, NOTES_OFFSET, 24 * notes.size());
        file.position(NOTES_OFFSET);
        notes.forEach((type, value) -> {
            file.putInt(4).putInt(8).putInt(type);
            file.put("Xen\0".getBytes(StandardCharsets.US_ASCII)).putLong(value);
        });
        file.put(CODE_OFFSET, code);
        return new Image("tiny", file.array());
    }

    private static void header(ByteBuffer file, int at, int type, int offset, int length) {
        file.putInt(at, type).putLong(at + 8, offset).putLong(at + 32, length).putLong(at + 40, length);
        file.putLong(at + 16, BASE + START).putLong(at + 24, START);
    }

    /** Code put together byte by byte. */
    public static final class Code {
        private final ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

        public Code bytes(int... values) {
            for (int value : values) bytes.put((byte) value);
            return this;
        }

        public Code little(int value) {
            bytes.putInt(value);
            return this;
        }

        /** Stores 16 bits at an address in the topmost or lowest 2 GiB. */
        public Code storeShort(long address, int value) {
            return bytes(0x66, 0xC7, 0x04, 0x25).little((int) address).bytes(value, value >> 8);
        }

        /** Sets RDI, RSI and RDX, and makes a hypercall. */
        public Code hypercall(int number, long rdi, long rsi, long rdx) {
            bytes(0x48, 0xBF).bytes.putLong(rdi);
            bytes(0x48, 0xBE).bytes.putLong(rsi);
            bytes(0x48, 0xBA).bytes.putLong(rdx);
            bytes(0xB8).bytes.putInt(number);
            return bytes(0x0F, 0x05);
        }

        public byte[] done() {
            return java.util.Arrays.copyOf(bytes.array(), bytes.position());
        }
    }
}
