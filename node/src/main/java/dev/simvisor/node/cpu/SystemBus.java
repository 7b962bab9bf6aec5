package dev.simvisor.node.cpu;

/**
 * What a processor finds at its pins: physical memory, the I/O port space, and the memory-mapped devices between.
 *
 * <p>Physical addresses are those of the machine that the processor sits in; for a VM they are guest-physical. All values are
 * zero-extended. Accesses of the {@code read}/{@code write} kind never cross a 4 KiB page.
 */
public interface SystemBus {
    /**
     * Host address of the 4 KiB page at {@code physicalPage} (page-aligned) for direct loads and fetches, or 0 when
     * loads must go through {@link #read}. Valid until the processor is told to flush its TLB.
     */
    long directRead(long physicalPage);

    /**
     * Host address of the page for direct stores, or 0 when each store must go through {@link #write}: devices, ROM, absent
     * memory, and pages whose writes someone needs to see (dirty logging, decoded code, copy-on-write).
     */
    long directWrite(long physicalPage);

    /**
     * Whether a page is memory. What is decoded elsewhere is not kept: nobody is told when a device's registers read otherwise, and
     * there may be no end of addresses where nothing is.
     */
    default boolean isMemory(long physicalPage) {
        return true;
    }

    /** Loads 1, 2, 4 or 8 bytes. Unclaimed addresses read as all ones. */
    long read(long physicalAddress, int size);

    /** Stores 1, 2, 4 or 8 bytes. Unclaimed addresses ignore the store. */
    void write(long physicalAddress, int size, long value);

    /** Whether all memory is there. If not, any access that is not direct may end the run after its instruction. */
    default boolean isComplete() {
        return true;
    }

    /** Reads 1, 2 or 4 bytes from the I/O port space. Unclaimed ports read as all ones. */
    int in(int port, int size);

    /** Writes 1, 2 or 4 bytes to the I/O port space. Unclaimed ports ignore the write. */
    void out(int port, int size, int value);

    /**
     * The processor now holds decoded code of this page: until {@link #unwatchCode} a store to it must not be direct, and
     * every store, by whomever, is reported to the processor's {@link CodeWatcher} after it is done.
     */
    void watchCode(long physicalPage);

    void unwatchCode(long physicalPage);

    /** Told of stores to watched pages. */
    interface CodeWatcher {
        void codeWritten(long physicalAddress, long length);
    }
}
