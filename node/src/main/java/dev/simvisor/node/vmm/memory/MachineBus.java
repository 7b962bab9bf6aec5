package dev.simvisor.node.vmm.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_OFFSET_MASK;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Machine memory as the physical processor that runs one VM sees it: a physical address is a machine frame number (mfn) and
 * an offset. There are no devices: an access that is for one of the virtual machine's leaves the guest instead.
 *
 * <p>The bus knows which guest frame each of the VM's frames is (Xen's machine-to-physical table), because write protection
 * belongs to the p2m: a store to a frame whose page is protected for any reason goes through {@link GuestMemory#write}, which
 * serves the reason.
 */
public final class MachineBus implements SystemBus {
    private static final int NOT_THE_GUESTS = -1;

    private final GuestMemory memory;
    private final MachineMemory machine;
    /**
     * gfn by mfn. A frame that was exchanged for another still stands for its page: an instruction in the midst of whose stores it
     * was may have looked it up before.
     */
    private int[] machineToPhysical = new int[0];
    /** How many of the VMM's shadows follow a page, by gfn. */
    private final Map<Integer, Integer> tracers = new HashMap<>();

    public MachineBus(GuestMemory memory) {
        this.memory = memory;
        this.machine = memory.machine();
    }

    /** The frame of a guest's page, which gets one if it has none, known to the bus from now on. */
    public int frameOf(int gfn) {
        int mfn = memory.frameOf(gfn);
        if (mfn >= machineToPhysical.length) grow(mfn);
        machineToPhysical[mfn] = gfn;
        return mfn;
    }

    /** Whether the processor may have got to know a frame as that of a page. */
    public boolean knows(int mfn, int gfn) {
        return mfn < machineToPhysical.length && machineToPhysical[mfn] == gfn;
    }

    /**
     * Has the physical processor, whose page tables lead to the new frame already, find a page in another frame. The guest's time is
     * the same without: what has been translated stays so.
     */
    public void exchangeFrame(Cpu physical, int gfn, int from, int to) {
        frameOf(gfn);
        long fromPage = (long) from << FRAME_SHIFT;
        long toPage = (long) to << FRAME_SHIFT;
        physical.memory.moveFrame(directRead(fromPage), directRead(toPage));
        physical.memory.movePhysicalPage((long) gfn << FRAME_SHIFT, fromPage, toPage);
    }

    /** A frame is the VMM's now, whoever's it was: its page tables are written by page walks. */
    public void takeFrame(int mfn) {
        if (mfn < machineToPhysical.length) machineToPhysical[mfn] = NOT_THE_GUESTS;
    }

    /** Forgets which frames are the guest's, as when its pages were moved to others. */
    public void forgetFrames() {
        Arrays.fill(machineToPhysical, NOT_THE_GUESTS);
    }

    /** Machine address of a guest-physical one, in a page that has a frame. */
    public long machineAddress(long guestPhysical) {
        return (long) frameOf((int) (guestPhysical >>> FRAME_SHIFT)) << FRAME_SHIFT | guestPhysical & FRAME_OFFSET_MASK;
    }

    /** Tells the physical processor's engine, by machine addresses, that somebody has written where the guest has code. */
    public void codeWritten(Engine processor, long guestPhysical, long length) {
        long end = guestPhysical + length;
        for (long at = guestPhysical; at < end; ) {
            long part = Math.min(end - at, FRAME_SIZE - (at & FRAME_OFFSET_MASK));
            processor.codeWritten(machineAddress(at), part);
            at += part;
        }
    }

    /** Has stores to a page traced once more. Direct writes must be asked for again. */
    public void trace(int gfn) {
        if (tracers.merge(gfn, 1, Integer::sum) == 1) memory.traceWrites(gfn);
    }

    /** Takes back one {@link #trace}. */
    public void untrace(int gfn) {
        if (tracers.merge(gfn, -1, (count, less) -> count + less == 0 ? null : count + less) == null) {
            memory.untraceWrites(gfn);
        }
    }

    private void grow(int mfn) {
        int old = machineToPhysical.length;
        machineToPhysical = Arrays.copyOf(machineToPhysical, Math.max(mfn + 1, 2 * old));
        Arrays.fill(machineToPhysical, old, machineToPhysical.length, NOT_THE_GUESTS);
    }

    private int guestFrame(long address) {
        long mfn = address >>> FRAME_SHIFT;
        return mfn < machineToPhysical.length ? machineToPhysical[(int) mfn] : NOT_THE_GUESTS;
    }

    private long guestPhysical(long address) {
        return (long) guestFrame(address) << FRAME_SHIFT | address & FRAME_OFFSET_MASK;
    }

    @Override
    public long directRead(long physicalPage) {
        return machine.addressOf((int) (physicalPage >>> FRAME_SHIFT));
    }

    @Override
    public long directWrite(long physicalPage) {
        int gfn = guestFrame(physicalPage);
        return gfn == NOT_THE_GUESTS ? directRead(physicalPage) : memory.directWrite((long) gfn << FRAME_SHIFT);
    }

    @Override
    public long read(long physicalAddress, int size) {
        long host = directRead(physicalAddress & ~FRAME_OFFSET_MASK) + (physicalAddress & FRAME_OFFSET_MASK);
        return switch (size) {
            case 1 -> HostMemory.getByte(host) & 0xFFL;
            case 2 -> HostMemory.getShort(host) & 0xFFFFL;
            case 4 -> HostMemory.getInt(host) & 0xFFFF_FFFFL;
            default -> HostMemory.getLong(host);
        };
    }

    /** A store to a page of the guest's that is write-protected; all others are direct. */
    @Override
    public void write(long physicalAddress, int size, long value) {
        memory.write(guestPhysical(physicalAddress), size, value);
    }

    /** Ports are never reached: the guest has no access to those of the host. */
    @Override
    public int in(int port, int size) {
        throw new IllegalStateException("a guest reached port " + port + " of its host");
    }

    @Override
    public void out(int port, int size, int value) {
        throw new IllegalStateException("a guest reached port " + port + " of its host");
    }

    @Override
    public void watchCode(long physicalPage) {
        if (guestFrame(physicalPage) != NOT_THE_GUESTS) memory.watchCode(guestPhysical(physicalPage));
    }

    @Override
    public void unwatchCode(long physicalPage) {
        if (guestFrame(physicalPage) != NOT_THE_GUESTS) memory.unwatchCode(guestPhysical(physicalPage));
    }
}
