package dev.simvisor.node.vmm.para.ring;

/** A page that the guest shares with the VMM. Offsets and lengths stay within its 4 KiB; numbers are little-endian. */
public interface SharedPage {
    int SIZE = 4096;

    int readInt(int offset);

    void writeInt(int offset, int value);

    void read(int offset, byte[] target, int at, int length);

    void write(int offset, byte[] source, int at, int length);
}
