package dev.simvisor.node.machine.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Encodes the few terms of ACPI machine language that a static DSDT needs (ACPI 6.5 ch. 20). */
final class Aml {
    private static final int NAME = 0x08;
    private static final int BYTE_PREFIX = 0x0A;
    private static final int WORD_PREFIX = 0x0B;
    private static final int DWORD_PREFIX = 0x0C;
    private static final int SCOPE = 0x10;
    private static final int BUFFER = 0x11;
    private static final int PACKAGE = 0x12;
    private static final int EXTENDED = 0x5B;
    private static final int DEVICE = 0x82;

    private Aml() {}

    /** {@code Scope (path) { terms }}. */
    static byte[] scope(String path, byte[]... terms) {
        return sized(new byte[] {SCOPE}, join(path(path), join(terms)));
    }

    /** {@code Device (name) { terms }}. */
    static byte[] device(String name, byte[]... terms) {
        return sized(new byte[] {EXTENDED, (byte) DEVICE}, join(path(name), join(terms)));
    }

    /** {@code Name (path, value)}. */
    static byte[] name(String path, byte[] value) {
        return join(new byte[] {NAME}, path(path), value);
    }

    static byte[] packageOf(byte[]... elements) {
        return sized(new byte[] {PACKAGE}, join(new byte[] {(byte) elements.length}, join(elements)));
    }

    static byte[] buffer(byte[] contents) {
        return sized(new byte[] {BUFFER}, join(integer(contents.length), contents));
    }

    /** A 32-bit integer in its shortest form. */
    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return new byte[] {(byte) value};
        }
        if (value < 0x100) {
            return join(new byte[] {BYTE_PREFIX}, littleEndian(value, 1));
        }
        return value < 0x1_0000
                ? join(new byte[] {WORD_PREFIX}, littleEndian(value, 2))
                : join(new byte[] {DWORD_PREFIX}, littleEndian(value, 4));
    }

    /** {@code EisaId ("PNP0A03")}: three letters of five bits and four hexadecimal digits, big-endian (§19.3.4). */
    static byte[] eisaId(String id) {
        int letters = 0;
        for (int i = 0; i < 3; i++) {
            letters = letters << 5 | (id.charAt(i) - 'A' + 1);
        }
        int bigEndian = letters << 16 | Integer.parseInt(id.substring(3), 16);
        return join(new byte[] {DWORD_PREFIX}, littleEndian(Integer.reverseBytes(bigEndian), 4));
    }

    /** A name of at most four letters, as {@code COM1}, or one at the root, as {@code \\_SB}. */
    private static byte[] path(String path) {
        boolean root = path.startsWith("\\");
        String segment = (root ? path.substring(1) : path) + "____";
        byte[] encoded = segment.substring(0, 4).getBytes(StandardCharsets.US_ASCII);
        return root ? join(new byte[] {'\\'}, encoded) : encoded;
    }

    /** Puts the package length, which counts itself, between an opcode and what follows it (§20.2.4). */
    private static byte[] sized(byte[] opcode, byte[] contents) {
        int extraBytes = contents.length + 1 < 0x40 ? 0 : contents.length + 2 < 0x1000 ? 1 : 2;
        int length = contents.length + 1 + extraBytes;
        if (extraBytes == 0) {
            return join(opcode, littleEndian(length, 1), contents);
        }
        return join(
                opcode,
                littleEndian(extraBytes << 6 | (length & 0xF), 1),
                littleEndian(length >> 4, extraBytes),
                contents);
    }

    static byte[] littleEndian(long value, int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >> (i * Byte.SIZE));
        }
        return bytes;
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
