package dev.simvisor.node.cpu;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.util.BitSet;

/** A machine of plain memory from physical address 0, for tests of the processor alone. */
public final class FlatBus implements SystemBus, AutoCloseable {
    private static final int PAGE = 4096;
    private static final int DEBUG_CONSOLE = 0xE9;

    /** What was written to port E9H. */
    public final ByteArrayOutputStream debugConsole = new ByteArrayOutputStream();

    /** What is read beyond memory, again and again. */
    public byte beyond = (byte) 0xFF;

    private final Arena arena = Arena.ofShared();
    private final long size;
    private final long base;
    private final BitSet code = new BitSet();
    private CodeWatcher watcher = (address, length) -> {};

    public FlatBus(long size) {
        this.size = size;
        this.base = arena.allocate(size, PAGE).address();
    }

    public void watcher(CodeWatcher watcher) {
        this.watcher = watcher;
    }

    @Override
    public long directRead(long physicalPage) {
        return physicalPage < size ? base + physicalPage : 0;
    }

    @Override
    public long directWrite(long physicalPage) {
        return physicalPage < size && !code.get((int) (physicalPage >>> 12)) ? base + physicalPage : 0;
    }

    @Override
    public boolean isMemory(long physicalPage) {
        return physicalPage < size;
    }

    @Override
    public long read(long physicalAddress, int size) {
        long value = 0;
        for (int n = size - 1; n >= 0; n--) value = value << 8 | readByte(physicalAddress + n);
        return value;
    }

    private int readByte(long address) {
        return (address < size ? HostMemory.getByte(base + address) : beyond) & 0xFF;
    }

    @Override
    public void write(long physicalAddress, int size, long value) {
        for (int n = 0; n < size; n++) {
            long address = physicalAddress + n;
            if (address < this.size) HostMemory.putByte(base + address, (byte) (value >>> 8 * n));
        }
        if (code.get((int) (physicalAddress >>> 12))) watcher.codeWritten(physicalAddress, size);
    }

    public void load(long physicalAddress, byte... bytes) {
        for (int n = 0; n < bytes.length; n++) write(physicalAddress + n, 1, bytes[n]);
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public void out(int port, int size, int value) {
        if (port == DEBUG_CONSOLE && size == 1) debugConsole.write(value);
    }

    @Override
    public void watchCode(long physicalPage) {
        code.set((int) (physicalPage >>> 12));
    }

    @Override
    public void unwatchCode(long physicalPage) {
        code.clear((int) (physicalPage >>> 12));
    }

    @Override
    public void close() {
        arena.close();
    }
}
