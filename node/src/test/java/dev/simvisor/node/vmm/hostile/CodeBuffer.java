package dev.simvisor.node.vmm.hostile;

import java.io.ByteArrayOutputStream;

/** Machine code as it grows: raw bytes and a few instructions that the kernels are put together from. */
final class CodeBuffer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final boolean wide;

    /**
     * @param wide 64-bit code, else 32-bit
     */
    CodeBuffer(boolean wide) {
        this.wide = wide;
    }

    CodeBuffer bytes(int... values) {
        for (int value : values) bytes.write(value);
        return this;
    }

    CodeBuffer little(long value, int size) {
        for (int n = 0; n < size; n++) bytes.write((int) (value >>> 8 * n));
        return this;
    }

    /** MOV rAX to rDI (register 0 to 7), immediate of the code's width. */
    CodeBuffer load(int register, long value) {
        if (wide) bytes(0x48);
        return bytes(0xB8 + register).little(value, wide ? 8 : 4);
    }

    /** MOV dword [address], value, at an absolute address below 2 GiB. */
    CodeBuffer store(long address, long value) {
        bytes(0xC7, 0x04, 0x25).little(address, 4).little(value, 4);
        return this;
    }

    /** In 64-bit code both halves are stored. */
    CodeBuffer store64(long address, long value) {
        return store(address, value).store(address + 4, value >>> 32);
    }

    /** MOV CRn, rAX. */
    CodeBuffer toControlRegister(int number) {
        return bytes(0x0F, 0x22, 0xC0 | number << 3);
    }

    int size() {
        return bytes.size();
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }
}
