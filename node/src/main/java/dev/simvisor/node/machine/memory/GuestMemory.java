package dev.simvisor.node.machine.memory;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_OFFSET_MASK;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;
import static dev.simvisor.node.machine.memory.MachineMemory.ZERO_FRAME;

import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.SystemBus.CodeWatcher;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * The physical memory of one VM: its p2m from guest frame number (gfn) to machine frame.
 *
 * <p>Where it lies, {@link MemoryShape} says. A page gets a frame when it is first written; until then it reads as zeros.
 *
 * <p>Whoever must see stores write-protects pages, each for a reason of its own: {@link #DIRTY_LOG}, {@link #CODE},
 * {@link #TRACED}, {@link #SHARED}. A
 * protected page has no {@link #directWrite} address, so every store, by the processor or by a device, comes through
 * {@link #write}, which serves the reasons.
 *
 * <p>A clone {@linkplain #takeFrom shares} the frames of the memory it was made from, and {@link PageSharing} has pages of equal
 * contents share one, until somebody writes: the writer gets a frame of its own first.
 *
 * <p>A page that is {@linkplain #withhold missing} has a frame and no host address, as if nobody had touched it: no TLB and no
 * decoded code can have got hold of it, and nothing looks for missing pages but what meets an untouched one. The access that
 * does is served, so that the instruction is done like any other; then the guest waits.
 */
public final class GuestMemory implements GuestPages, AutoCloseable {
    /** Reason for write protection: the first store to the page is to be logged. */
    public static final int DIRTY_LOG = 1;

    /** Reason for write protection: the processor holds decoded code of the page. */
    public static final int CODE = 1 << 1;

    /** Reason for write protection: the VMM shadows what is in the page, and follows every store to it. */
    public static final int TRACED = 1 << 2;

    /** Reason for write protection: the page's frame may be another VM's too, so the first store needs a frame of its own. */
    public static final int SHARED = 1 << 3;

    /** Reason for write protection: the page is ROM, or memory that the board shields; stores to it have no effect. */
    private static final int READ_ONLY = 1 << 4;

    /** Memory above this address is moved to 4 GiB and up, to leave room for devices. */
    public static final long LOW_LIMIT = 0xC000_0000L;

    public static final long HIGH_START = 0x1_0000_0000L;

    /** Where a display adapter's memory would be; this machine has none, and no memory there either. */
    public static final long DISPLAY_START = 0xA_0000;

    public static final long DISPLAY_END = 0xC_0000;

    /** Told when addresses that {@link #directRead} or {@link #directWrite} gave out must not be used any more. */
    public interface MappingObserver {
        /** Direct writes must be asked for again. */
        void writesProtected();

        /** Direct reads and writes must be asked for again. */
        void framesReplaced();

        /**
         * A page has another frame of the same contents, {@code to} instead of {@code from}; both are there during the call, and it
         * comes in the midst of a store where that is why. There are no direct writes to the page, or {@link #writesProtected}
         * follows before anybody runs.
         */
        void frameExchanged(int gfn, int from, int to);
    }

    /** Told of stores that write protection caught, after they are done. */
    public interface WriteObserver {
        /** The first store to a page in a round of dirty logging. */
        void dirtied(int gfn);

        /** A store to a page that {@link #traceWrites} named. */
        void tracedPageWritten(long address, long length);
    }

    private final MachineMemory machine;
    private final MemoryShape shape;
    private final int endFrame;

    private final int[] p2m;
    private final long[] hostAddresses;
    private final byte[] protection;
    private int touchedPages;
    /** Pages that have no host address because they have yet to come. */
    private final BitSet missing = new BitSet();
    /** Those that have been accessed meanwhile. */
    private final BitSet missed = new BitSet();

    private Runnable missObserver = () -> {};
    private final BitSet dirty = new BitSet();
    private boolean dirtyLogging;
    private final List<CodeWatcher> codeWatchers = new ArrayList<>();
    private final List<WriteObserver> writeObservers = new ArrayList<>();
    private PageHolders codeHolders;
    private PageHolders tracers;
    private final List<MappingObserver> mappingObservers = new ArrayList<>();

    /**
     * Memory for a VM, reserved in the host's.
     *
     * @param bytes size, a multiple of 4 KiB from 1 MiB up
     * @throws MachineMemoryExhausted when the host has no room for it
     */
    public GuestMemory(MachineMemory machine, long bytes) {
        this(machine, bytes, 0);
    }

    /**
     * Memory for a VM with a firmware image, which {@link #install} fills.
     *
     * @param bytes size without the image, a multiple of 4 KiB
     * @param firmwareBytes size of the image, a multiple of 4 KiB; 0 for none
     * @throws MachineMemoryExhausted when the host has no room for them
     */
    public GuestMemory(MachineMemory machine, long bytes, int firmwareBytes) {
        this(machine, MemoryShape.ofBoard(bytes, firmwareBytes));
    }

    /**
     * Memory in one piece from 0, for a machine without a board.
     *
     * @param bytes size, a multiple of 4 KiB
     * @throws MachineMemoryExhausted when the host has no room for it
     */
    public static GuestMemory contiguous(MachineMemory machine, long bytes) {
        return new GuestMemory(machine, MemoryShape.inOnePiece(bytes));
    }

    private GuestMemory(MachineMemory machine, MemoryShape shape) {
        if (!machine.reserve(shape.frames())) {
            throw new MachineMemoryExhausted(shape.frames(), machine);
        }
        this.machine = machine;
        this.shape = shape;
        this.endFrame = shape.endFrame();
        this.p2m = new int[endFrame];
        this.hostAddresses = new long[endFrame];
        this.protection = new byte[endFrame];
        this.codeHolders = new PageHolders(endFrame);
        this.tracers = new PageHolders(endFrame);
        shield(firmwareStart(), HIGH_START, shape.firmwareBytes() > 0);
    }

    public void observeMappings(MappingObserver observer) {
        mappingObservers.add(observer);
    }

    /** Each is a virtual processor's, and told of all that is caught. All are added before the first page is traced. */
    public void observeWrites(WriteObserver observer) {
        writeObservers.add(observer);
        tracers.add();
    }

    /** Each is a processor's, and told of stores to pages that any of them watches. All are added before the first page is watched. */
    public void watchCodeWith(CodeWatcher watcher) {
        codeWatchers.add(watcher);
        codeHolders.add();
    }

    // ---- shape ----

    /** Size in bytes. */
    public long bytes() {
        return shape.bytes();
    }

    /** End of the memory below 4 GiB, as an address. */
    public long lowEnd() {
        return shape.lowEnd();
    }

    /** End of the memory above 4 GiB, as an address; {@link #HIGH_START} when there is none. */
    public long highEnd() {
        return Math.max(HIGH_START, (long) endFrame << FRAME_SHIFT);
    }

    /** Where the firmware image begins, as an address; {@link #HIGH_START} when there is none. */
    public long firmwareStart() {
        return shape.firmwareStart();
    }

    @Override
    public Optional<GuestMemory> memory() {
        return Optional.of(this);
    }

    @Override
    public int endFrame() {
        return endFrame;
    }

    @Override
    public boolean isMemory(long gfn) {
        return shape.isMemory(gfn);
    }

    /** Whether all of {@code length} bytes from {@code address} are memory. */
    public boolean contains(long address, long length) {
        if (length <= 0 || address < 0 || address + length < 0) {
            return false;
        }
        long last = (address + length - 1) >> FRAME_SHIFT;
        if (last >= endFrame) {
            return false;
        }
        for (long gfn = address >> FRAME_SHIFT; gfn <= last; gfn++) {
            if (!isMemory(gfn)) {
                return false;
            }
        }
        return true;
    }

    // ---- the processor's view ----

    /** Host address of a page that has a frame, or 0: an untouched page gets no address to read that a write would move. */
    public long directRead(long page) {
        long gfn = page >>> FRAME_SHIFT;
        return gfn < endFrame ? hostAddresses[(int) gfn] : 0;
    }

    /** Host address of a page for a store that is about to happen, or 0 when it must come through {@link #write}. */
    public long directWrite(long page) {
        long gfn = page >>> FRAME_SHIFT;
        if (gfn >= endFrame || protection[(int) gfn] != 0 || !isMemory(gfn)) {
            return 0;
        }
        return touch((int) gfn);
    }

    /** Loads 1, 2, 4 or 8 bytes, zero-extended, within one page of memory. */
    public long read(long address, int size) {
        long frame = loaded((int) (address >> FRAME_SHIFT));
        if (frame == 0) {
            return 0;
        }
        long host = frame + (address & FRAME_OFFSET_MASK);
        return switch (size) {
            case 1 -> HostMemory.getByte(host) & 0xFFL;
            case 2 -> HostMemory.getShort(host) & 0xFFFFL;
            case 4 -> HostMemory.getInt(host) & 0xFFFF_FFFFL;
            case 8 -> HostMemory.getLong(host);
            default -> throw new IllegalArgumentException("access of " + size + " bytes");
        };
    }

    /** Stores 1, 2, 4 or 8 bytes within one page of memory, unless it is read-only. */
    public void write(long address, int size, long value) {
        int gfn = (int) (address >> FRAME_SHIFT);
        if ((protection[gfn] & READ_ONLY) != 0) {
            return;
        }
        long host = own(gfn) + (address & FRAME_OFFSET_MASK);
        switch (size) {
            case 1 -> HostMemory.putByte(host, (byte) value);
            case 2 -> HostMemory.putShort(host, (short) value);
            case 4 -> HostMemory.putInt(host, (int) value);
            case 8 -> HostMemory.putLong(host, value);
            default -> throw new IllegalArgumentException("access of " + size + " bytes");
        }
        serveProtection(gfn, address, size);
    }

    /**
     * A processor holds decoded code of a page from now on, and does not write to it directly any more; other processors are told
     * not to.
     */
    public void watchCode(long page) {
        long gfn = page >>> FRAME_SHIFT;
        if (!isMemory(gfn)) {
            return;
        }
        protection[(int) gfn] |= CODE;
        if (codeHolders.hold((int) gfn)) {
            mappingObservers.forEach(MappingObserver::writesProtected);
        }
    }

    /** A processor holds no decoded code of the page any more. */
    public void unwatchCode(long page) {
        long gfn = page >>> FRAME_SHIFT;
        if (isMemory(gfn) && codeHolders.letGo((int) gfn)) {
            protection[(int) gfn] &= ~CODE;
        }
    }

    /**
     * Write-protects a page whose contents the VMM shadows for one of the virtual processors. It asks for direct writes to it
     * again; other processors are told to.
     */
    public void traceWrites(int gfn) {
        checkMemory(gfn);
        protection[gfn] |= TRACED;
        if (tracers.hold(gfn)) {
            mappingObservers.forEach(MappingObserver::writesProtected);
        }
    }

    /** The VMM does not shadow the page for that processor any more. */
    public void untraceWrites(int gfn) {
        checkMemory(gfn);
        if (tracers.letGo(gfn)) {
            protection[gfn] &= ~TRACED;
        }
    }

    /** The machine frame of a page of memory, which gets one now if it has none; until observers are told of another. */
    public int frameOf(int gfn) {
        checkMemory(gfn);
        touch(gfn);
        return p2m[gfn];
    }

    /** The host memory that this VM's frames are part of. */
    public MachineMemory machine() {
        return machine;
    }

    /** Shields memory from stores, or no longer, from {@code start} up to {@code end}, both multiples of 4 KiB. */
    public void shield(long start, long end, boolean shielded) {
        for (int gfn = (int) (start >> FRAME_SHIFT); gfn < end >> FRAME_SHIFT; gfn++) {
            protection[gfn] = (byte) (shielded ? protection[gfn] | READ_ONLY : protection[gfn] & ~READ_ONLY);
        }
        if (shielded) {
            mappingObservers.forEach(MappingObserver::writesProtected);
        }
    }

    // ---- devices and loaders ----

    /** Copies memory out, as a device's read by DMA; false, and nothing copied, when the range is not all memory. */
    public boolean read(long address, byte[] target, int offset, int length) {
        if (length == 0) {
            return true;
        }
        if (!contains(address, length)) {
            return false;
        }
        for (int done = 0; done < length; ) {
            long at = address + done;
            int part = partWithinPage(at, length - done);
            long frame = loaded((int) (at >> FRAME_SHIFT));
            if (frame == 0) {
                Arrays.fill(target, offset + done, offset + done + part, (byte) 0);
            } else {
                MemorySegment source = HostMemory.segment(frame + (at & FRAME_OFFSET_MASK), part);
                MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, target, offset + done, part);
            }
            done += part;
        }
        return true;
    }

    /**
     * Copies into memory, as a device's write by DMA, which leaves alone what is read-only; false, and nothing copied, when the
     * range is not all memory.
     */
    public boolean write(long address, byte[] source, int offset, int length) {
        return put(address, source, offset, length, READ_ONLY);
    }

    /** Copies into memory even where it is read-only, as whoever puts a ROM in its socket does; the range is all memory. */
    public void install(long address, byte[] source, int offset, int length) {
        if (!put(address, source, offset, length, 0)) {
            throw new IllegalArgumentException(
                    "%x and %d bytes from there are not all memory".formatted(address, length));
        }
    }

    /** @param spared the reasons for write protection that keep a page as it is */
    private boolean put(long address, byte[] source, int offset, int length, int spared) {
        if (length == 0) {
            return true;
        }
        if (!contains(address, length)) {
            return false;
        }
        for (int done = 0; done < length; ) {
            long at = address + done;
            int part = partWithinPage(at, length - done);
            int gfn = (int) (at >> FRAME_SHIFT);
            if ((protection[gfn] & spared) == 0) {
                MemorySegment target = HostMemory.segment(own(gfn) + (at & FRAME_OFFSET_MASK), part);
                MemorySegment.copy(source, offset + done, target, ValueLayout.JAVA_BYTE, 0, part);
                serveProtection(gfn, at, part);
            }
            done += part;
        }
        return true;
    }

    public boolean write(long address, byte[] source) {
        return write(address, source, 0, source.length);
    }

    private static int partWithinPage(long address, int length) {
        return (int) Math.min(length, FRAME_SIZE - (address & FRAME_OFFSET_MASK));
    }

    // ---- dirty logging ----

    @Override
    public void startDirtyLog() {
        dirtyLogging = true;
        dirty.clear();
        for (int gfn = 0; gfn < endFrame; gfn++) {
            protection[gfn] |= DIRTY_LOG;
        }
        mappingObservers.forEach(MappingObserver::writesProtected);
    }

    @Override
    public BitSet takeDirty() {
        BitSet round = (BitSet) dirty.clone();
        dirty.clear();
        if (dirtyLogging) {
            round.stream().forEach(gfn -> protection[gfn] |= DIRTY_LOG);
            mappingObservers.forEach(MappingObserver::writesProtected);
        }
        return round;
    }

    /** Logs a page as written that holds the same bytes as before: what they mean is another thing now. */
    public void logWrite(int gfn) {
        if ((protection[gfn] & DIRTY_LOG) == 0) return;
        dirty.set(gfn);
        protection[gfn] &= ~DIRTY_LOG;
    }

    /** Pages written in the present round. */
    public int dirtyCount() {
        return dirty.cardinality();
    }

    @Override
    public void stopDirtyLog() {
        dirtyLogging = false;
        dirty.clear();
        for (int gfn = 0; gfn < endFrame; gfn++) {
            protection[gfn] &= ~DIRTY_LOG;
        }
    }

    private void serveProtection(int gfn, long address, long length) {
        int reasons = protection[gfn];
        if (reasons == 0) {
            return;
        }
        if ((reasons & DIRTY_LOG) != 0) {
            dirty.set(gfn);
            protection[gfn] &= ~DIRTY_LOG;
            writeObservers.forEach(observer -> observer.dirtied(gfn));
        }
        if ((reasons & CODE) != 0) {
            codeWatchers.forEach(watcher -> watcher.codeWritten(address, length));
        }
        if ((reasons & TRACED) != 0) {
            writeObservers.forEach(observer -> observer.tracedPageWritten(address, length));
        }
    }

    // ---- whole pages, for migration, snapshots and hashes ----

    /** Whether a page holds nothing but zeros, touched or not. */
    @Override
    public boolean isZero(int gfn) {
        long frame = contents(gfn);
        if (frame == 0) {
            return true;
        }
        for (long offset = 0; offset < FRAME_SIZE; offset += Long.BYTES) {
            if (HostMemory.getLong(frame + offset) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether a page has a frame of its own. */
    public boolean isTouched(int gfn) {
        return hostAddresses[gfn] != 0;
    }

    @Override
    public void readPage(int gfn, byte[] target, int offset) {
        checkMemory(gfn);
        long frame = contents(gfn);
        if (frame == 0) {
            Arrays.fill(target, offset, offset + FRAME_SIZE, (byte) 0);
        } else {
            MemorySegment.copy(
                    HostMemory.segment(frame, FRAME_SIZE), ValueLayout.JAVA_BYTE, 0, target, offset, FRAME_SIZE);
        }
    }

    @Override
    public void writePage(int gfn, byte[] source, int offset) {
        checkMemory(gfn);
        install((long) gfn << FRAME_SHIFT, source, offset, FRAME_SIZE);
    }

    @Override
    public int touchedPages() {
        return touchedPages;
    }

    /** Makes a page read as zeros again and gives its frame back. */
    @Override
    public void clearPage(int gfn) {
        checkMemory(gfn);
        if (hostAddresses[gfn] == 0) {
            return;
        }
        dropFrame(gfn);
        mappingObservers.forEach(MappingObserver::framesReplaced);
        serveProtection(gfn, (long) gfn << FRAME_SHIFT, FRAME_SIZE);
    }

    private void dropFrame(int gfn) {
        machine.release(p2m[gfn]);
        p2m[gfn] = ZERO_FRAME;
        hostAddresses[gfn] = 0;
        touchedPages--;
        protection[gfn] &= ~SHARED;
    }

    /**
     * Makes all pages read as zeros again, ROM too, and gives their frames back. Pages that have yet to come are not waited for any
     * more: whatever they held is gone.
     */
    public void clear() {
        missing.clear();
        missed.clear();
        BitSet held = new BitSet();
        for (int gfn = 0; gfn < endFrame; gfn++) {
            if (p2m[gfn] != ZERO_FRAME) {
                held.set(gfn);
                dropFrame(gfn);
            }
        }
        mappingObservers.forEach(MappingObserver::framesReplaced);
        held.stream().forEach(gfn -> serveProtection(gfn, (long) gfn << FRAME_SHIFT, FRAME_SIZE));
    }

    /** Forgets all who observe or hold pages: these processors are no more. */
    public void forgetObservers() {
        codeWatchers.clear();
        writeObservers.clear();
        mappingObservers.clear();
        codeHolders = new PageHolders(endFrame);
        tracers = new PageHolders(endFrame);
        for (int gfn = 0; gfn < endFrame; gfn++) protection[gfn] &= ~(CODE | TRACED);
    }

    /** Adds all that memory holds to {@code digest}: its size, then number and contents of every page that is not zero. */
    public void digest(MessageDigest digest) {
        byte[] page = new byte[FRAME_SIZE];
        digest(digest, bytes());
        for (int gfn = 0; gfn < endFrame; gfn++) {
            if (!isZero(gfn)) {
                readPage(gfn, page, 0);
                digest(digest, gfn);
                digest.update(page);
            }
        }
    }

    private static void digest(MessageDigest digest, long value) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            digest.update((byte) (value >> shift));
        }
    }

    private void checkMemory(int gfn) {
        if (!isMemory(gfn)) {
            throw new IllegalArgumentException("gfn " + gfn + " is not a page of this VM's memory");
        }
    }

    private long touch(int gfn) {
        long frame = loaded(gfn);
        if (frame != 0) {
            return frame;
        }
        int mfn = machine.allocate();
        p2m[gfn] = mfn;
        hostAddresses[gfn] = machine.addressOf(mfn);
        touchedPages++;
        return hostAddresses[gfn];
    }

    // ---- pages that have yet to come

    /** Is told, in the midst of the access, that a missing page has been accessed. */
    public void observeMisses(Runnable observer) {
        missObserver = observer;
    }

    /** Whether no page is missing. */
    public boolean isComplete() {
        return missing.isEmpty();
    }

    /** As {@link GuestPages#withhold}; the guest has not run here yet, so that nobody has host addresses. */
    @Override
    public void withhold(BitSet gfns) {
        gfns.stream().forEach(gfn -> {
            checkMemory(gfn);
            hostAddresses[gfn] = 0;
        });
        missing.or(gfns);
    }

    @Override
    public void come(BitSet gfns) {
        for (int gfn = gfns.nextSetBit(0); gfn >= 0; gfn = gfns.nextSetBit(gfn + 1)) {
            if (missing.get(gfn)) reveal(gfn);
        }
        missed.andNot(gfns);
    }

    private void reveal(int gfn) {
        missing.clear(gfn);
        hostAddresses[gfn] = contents(gfn);
    }

    @Override
    public BitSet takeMissed() {
        BitSet taken = (BitSet) missed.clone();
        missed.clear();
        return taken;
    }

    /** Host address of a page that is being accessed; 0 if nobody has touched it. */
    private long loaded(int gfn) {
        long frame = hostAddresses[gfn];
        if (frame != 0 || !missing.get(gfn)) {
            return frame;
        }
        reveal(gfn);
        missed.set(gfn);
        missObserver.run();
        return hostAddresses[gfn];
    }

    /** Host address of what a page holds, missing or not; 0 if nobody has touched it. */
    private long contents(int gfn) {
        return p2m[gfn] == ZERO_FRAME ? 0 : machine.addressOf(p2m[gfn]);
    }

    // ---- frames that VMs share

    @Override
    public boolean hasShapeOf(GuestPages pages) {
        if (!(pages instanceof GuestMemory other)) return GuestPages.super.hasShapeOf(pages);
        return other.shape.equals(shape);
    }

    /** As {@link GuestPages#takeFrom}; frames are shared if both memories are of one host. */
    @Override
    public void takeFrom(GuestPages original) {
        if (!(original instanceof GuestMemory other) || other.machine != machine) {
            GuestPages.super.takeFrom(original);
            return;
        }
        if (!hasShapeOf(other)) {
            throw new IllegalArgumentException("memory of another shape");
        }
        for (int gfn = 0; gfn < endFrame; gfn++) {
            if (other.hostAddresses[gfn] != 0) share(other, gfn);
        }
        other.sharingBegun();
    }

    private void share(GuestMemory other, int gfn) {
        clearPage(gfn);
        touchedPages++;
        takeFrame(gfn, other, gfn);
    }

    private void takeFrame(int gfn, GuestMemory other, int otherGfn) {
        int mfn = other.p2m[otherGfn];
        machine.retain(mfn);
        p2m[gfn] = mfn;
        hostAddresses[gfn] = machine.addressOf(mfn);
        protection[gfn] |= SHARED;
        other.protection[otherGfn] |= SHARED;
    }

    /** The frame of a page, or {@link MachineMemory#ZERO_FRAME}. */
    int frameIfAny(int gfn) {
        return p2m[gfn];
    }

    /**
     * Has a page share the frame of another memory's page of the same contents; both have one. Before anybody writes to either, {@link
     * #sharingBegun} has to be called for both memories.
     */
    void shareFrame(int gfn, GuestMemory other, int otherGfn) {
        int from = p2m[gfn];
        takeFrame(gfn, other, otherGfn);
        frameExchanged(gfn, from);
    }

    /** Pages that could be written directly so far cannot any more. */
    void sharingBegun() {
        mappingObservers.forEach(MappingObserver::writesProtected);
    }

    /** A page has the frame that it has now instead of another, which is given back. */
    private void frameExchanged(int gfn, int from) {
        mappingObservers.forEach(observer -> observer.frameExchanged(gfn, from, p2m[gfn]));
        machine.release(from);
    }

    /** Host address of a frame that is this page's alone. */
    private long own(int gfn) {
        return (protection[gfn] & SHARED) == 0 ? touch(gfn) : unshare(gfn);
    }

    /**
     * Ends the sharing of a page, on this side. The frame is nobody else's any more when it has one reference; as long as there
     * are others, nobody writes to it. A VM of another thread may do the same at the same time: each copies before it releases.
     */
    private long unshare(int gfn) {
        protection[gfn] &= ~SHARED;
        int shared = p2m[gfn];
        if (machine.references(shared) == 1) {
            return hostAddresses[gfn];
        }
        p2m[gfn] = machine.allocate();
        hostAddresses[gfn] = machine.addressOf(p2m[gfn]);
        HostMemory.copy(machine.addressOf(shared), hostAddresses[gfn], FRAME_SIZE);
        frameExchanged(gfn, shared);
        return hostAddresses[gfn];
    }

    /** Gives all frames and the reservation back to the host. */
    @Override
    public void close() {
        for (int gfn = 0; gfn < endFrame; gfn++) {
            if (p2m[gfn] != ZERO_FRAME) {
                machine.release(p2m[gfn]);
                p2m[gfn] = ZERO_FRAME;
                hostAddresses[gfn] = 0;
            }
        }
        machine.unreserve(shape.frames());
    }
}
