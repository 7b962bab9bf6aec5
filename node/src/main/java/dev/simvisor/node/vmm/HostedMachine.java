package dev.simvisor.node.vmm;

import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.exit.ExitLedger;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;

/** A machine in the memory of a host, whichever it is: with a board, or paravirtual. */
abstract sealed class HostedMachine implements GuestMachine permits BoardMachine, DomainMachine {
    private final GuestMemory memory;
    private final ExitLedger ledger;
    private final List<RawDiskImage> disks;

    /**
     * @param ledger of the machine's exits
     * @param disks the machine's, to be closed with it
     */
    HostedMachine(GuestMemory memory, ExitLedger ledger, List<RawDiskImage> disks) {
        this.memory = memory;
        this.ledger = ledger;
        this.disks = List.copyOf(disks);
    }

    /**
     * Loads a kernel.
     *
     * @throws InvalidImageException when it cannot be booted; the machine is of no use then
     */
    abstract void boot(BootSource source) throws InvalidImageException;

    final List<RawDiskImage> disks() {
        return disks;
    }

    @Override
    public final SortedMap<String, Long> exits() {
        return ledger.totals();
    }

    // ---- pages ----

    @Override
    public int endFrame() {
        return memory.endFrame();
    }

    @Override
    public boolean isMemory(int gfn) {
        return memory.isMemory(gfn);
    }

    @Override
    public boolean isZero(int gfn) {
        return memory.isZero(gfn);
    }

    @Override
    public void readPage(int gfn, byte[] target, int offset) {
        memory.readPage(gfn, target, offset);
    }

    @Override
    public final void writePage(int gfn, byte[] source, int offset) {
        memory.writePage(gfn, source, offset);
    }

    @Override
    public final void clearPage(int gfn) {
        memory.clearPage(gfn);
    }

    @Override
    public final void startDirtyLog() {
        memory.startDirtyLog();
    }

    @Override
    public BitSet takeDirty() {
        return memory.takeDirty();
    }

    @Override
    public final void stopDirtyLog() {
        memory.stopDirtyLog();
    }

    // ---- the end ----

    /** Gives back what the machine has of the host, but for its disks. */
    abstract void closeMachine();

    @Override
    public final void close() {
        closeMachine();
        close(disks);
    }

    static void close(List<RawDiskImage> disks) {
        for (RawDiskImage disk : disks) {
            try {
                disk.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
