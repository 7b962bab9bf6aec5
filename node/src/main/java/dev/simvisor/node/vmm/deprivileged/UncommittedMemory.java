package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest's memory as it would be after a few stores: loads see them, the memory itself knows nothing of them. Devices are out
 * of reach.
 */
final class UncommittedMemory implements SystemBus {
    private final GuestMemory memory;
    private final List<Store> stores = new ArrayList<>();
    private boolean devicesTouched;

    record Store(long address, int size, long value) {}

    UncommittedMemory(GuestMemory memory) {
        this.memory = memory;
    }

    void forgetStores() {
        stores.clear();
        devicesTouched = false;
    }

    /** In the order in which they were made. */
    List<Store> stores() {
        return stores;
    }

    /** Whether anything but memory was accessed, so that what was loaded is worth nothing. */
    boolean devicesTouched() {
        return devicesTouched;
    }

    @Override
    public long directRead(long physicalPage) {
        return 0;
    }

    @Override
    public long directWrite(long physicalPage) {
        return 0;
    }

    @Override
    public long read(long physicalAddress, int size) {
        if (!memory.contains(physicalAddress, size)) {
            devicesTouched = true;
            return -1L >>> 64 - 8 * size;
        }
        long value = memory.read(physicalAddress, size);
        for (Store store : stores) {
            for (int n = 0; n < store.size; n++) {
                long at = store.address + n - physicalAddress;
                if (at < 0 || at >= size) continue;
                int shift = 8 * (int) at;
                value = value & ~(0xFFL << shift) | (store.value >>> 8 * n & 0xFF) << shift;
            }
        }
        return value;
    }

    @Override
    public void write(long physicalAddress, int size, long value) {
        if (memory.contains(physicalAddress, size)) stores.add(new Store(physicalAddress, size, value));
        else devicesTouched = true;
    }

    @Override
    public int in(int port, int size) {
        throw new IllegalStateException("a critical instruction accessed a port");
    }

    @Override
    public void out(int port, int size, int value) {
        throw new IllegalStateException("a critical instruction accessed a port");
    }

    @Override
    public void watchCode(long physicalPage) {}

    @Override
    public void unwatchCode(long physicalPage) {}
}
