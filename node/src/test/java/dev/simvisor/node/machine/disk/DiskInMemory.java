package dev.simvisor.node.machine.disk;

/** A disk whose sectors are in an array. */
public class DiskInMemory implements DiskImage {
    public final byte[] bytes;
    public boolean readOnly;

    public DiskInMemory(int size) {
        bytes = new byte[size];
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public void read(long position, byte[] target, int offset, int length) {
        System.arraycopy(bytes, (int) position, target, offset, length);
    }

    @Override
    public void write(long position, byte[] source, int offset, int length) {
        System.arraycopy(source, offset, bytes, (int) position, length);
    }

    @Override
    public void flush() {}
}
