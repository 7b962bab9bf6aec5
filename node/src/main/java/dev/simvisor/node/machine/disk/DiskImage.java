package dev.simvisor.node.machine.disk;

import java.io.IOException;

/** What a disk's sectors are kept in. Accesses lie within {@link #sizeBytes}. */
public interface DiskImage {
    int SECTOR_BYTES = 512;

    /** A multiple of {@link #SECTOR_BYTES}. */
    long sizeBytes();

    boolean isReadOnly();

    void read(long position, byte[] target, int offset, int length) throws IOException;

    void write(long position, byte[] source, int offset, int length) throws IOException;

    /** Returns when what was written survives a power failure. */
    void flush() throws IOException;
}
