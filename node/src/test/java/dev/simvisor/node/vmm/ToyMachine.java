package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.machine.network.MacAddress;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.BootImage;
import dev.simvisor.proto.node.SavedDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * A machine without a processor, for quick tests: it writes to pages and prints lines as a function of its cycles alone.
 *
 * <p>Labels of the spec: {@code dirty-every} cycles it writes to the next page of its {@code working-set} pages, and {@code
 * line-every} cycles it prints a line. It echoes what is typed; a typed {@code !} switches it off, a {@code #} crashes it, an
 * {@code @} has it reset. With
 * {@code suspends-after} it can be saved only suspended, so many cycles after it is asked; with -1 it never does.
 * With {@code frame-every} it sends a frame, so many cycles after the last, to the card of the address {@code frame-to}, and with it
 * how many it has sent; it prints what frames it is sent.
 * At the cycle {@code ends-at} it switches itself off, at {@code resets-at} it asks for a reset.
 */
public final class ToyMachine implements GuestMachine, GuestPages {
    private final byte[][] pages;
    private final int workingSet;
    private final long dirtyEvery;
    private final long lineEvery;
    private final long frameEvery;
    private final String frameTo;
    private final String address;
    private final long suspendsAfter;
    private final long endsAt;
    private long resetsAt;
    private long suspendsAt = Long.MAX_VALUE;
    private boolean suspended;
    private final BitSet dirty = new BitSet();
    private boolean logging;
    private final BitSet missing = new BitSet();
    private final BitSet missed = new BitSet();
    private long cycles;
    private long steps;
    private long linesPrinted;
    private String typed = "";
    private long framesSent;
    private ConsoleSink console = value -> {};
    private Consumer<byte[]> network = frame -> {};
    private final Runnable whenClosed;
    private final String name;
    private volatile LongConsumer beforeRun = end -> {};
    private volatile boolean closed;
    private volatile boolean broken;

    public ToyMachine(VmSpec spec) {
        this(spec, () -> {});
    }

    /** A machine that says when its memory is given back. */
    public ToyMachine(VmSpec spec, Runnable whenClosed) {
        this.whenClosed = whenClosed;
        name = spec.getName();
        pages = new byte[(int) (spec.getMemoryBytes() / PAGE_BYTES)][];
        workingSet = label(spec, "working-set", Math.max(1, pages.length / 4));
        dirtyEvery = label(spec, "dirty-every", 1_000_000);
        lineEvery = label(spec, "line-every", 10_000_000);
        frameEvery = label(spec, "frame-every", 0);
        frameTo = spec.getLabelsOrDefault("frame-to", "");
        address = spec.getNetwork().getAddress();
        suspendsAfter = label(spec, "suspends-after", 0);
        int end = label(spec, "ends-at", -1);
        endsAt = end < 0 ? Long.MAX_VALUE : end;
        int reset = label(spec, "resets-at", -1);
        resetsAt = reset < 0 ? Long.MAX_VALUE : reset;
    }

    private static int label(VmSpec spec, String name, int otherwise) {
        return Integer.parseInt(spec.getLabelsOrDefault(name, Integer.toString(otherwise)));
    }

    /** Fills the lower half of memory with bytes that do not compress to zero pages, as a boot would. */
    public ToyMachine boot() {
        for (int gfn = 0; gfn < pages.length / 2; gfn++) {
            store(gfn, gfn + 1L);
        }
        return this;
    }

    /** Somebody is told, in its vCPU's thread, up to which cycle it is about to run. */
    public void beforeRun(LongConsumer told) {
        beforeRun = told;
    }

    @Override
    public List<BootImage> bootImages() {
        return List.of();
    }

    @Override
    public void reset(List<BootImage> booted) {
        for (int gfn = 0; gfn < pages.length; gfn++) {
            if (logging && pages[gfn] != null) {
                dirty.set(gfn);
            }
            pages[gfn] = null;
        }
        missing.clear();
        boot();
    }

    /** From now on a bug is met in whatever it is told to do. */
    public void breakDown() {
        broken = true;
    }

    private void obey() {
        if (broken) throw new IllegalStateException("broken");
    }

    /** The VM's. */
    public String name() {
        return name;
    }

    @Override
    public List<SavedDisk> disks() {
        return List.of();
    }

    @Override
    public Optional<String> claimDisks() {
        return Optional.empty();
    }

    @Override
    public void releaseDisks() {}

    @Override
    public long cycles() {
        return cycles;
    }

    @Override
    public SortedMap<String, Long> exits() {
        return Collections.emptySortedMap();
    }

    @Override
    public long busyCycles() {
        return instructions();
    }

    @Override
    public long instructions() {
        return steps;
    }

    @Override
    public RunOutcome runUntil(long end) {
        beforeRun.accept(end);
        while (nextEventCycles() < end) {
            cycles = nextEventCycles();
            if (cycles >= suspendsAt) {
                suspended = true;
                return new RunOutcome.Suspended();
            }
            if (cycles >= endsAt) return new RunOutcome.PoweredOff();
            if (cycles >= resetsAt) {
                resetsAt = Long.MAX_VALUE;
                return new RunOutcome.ResetRequested();
            }
            steps++;
            if (!typed.isEmpty()) {
                char key = typed.charAt(0);
                typed = typed.substring(1);
                if (key == '!') {
                    return new RunOutcome.PoweredOff();
                }
                if (key == '@') {
                    return new RunOutcome.ResetRequested();
                }
                if (key == '#') {
                    return new RunOutcome.TripleFault();
                }
                print("typed " + key + "\n");
                continue;
            }
            if (cycles % dirtyEvery == 0) {
                store((int) (cycles / dirtyEvery % workingSet), cycles);
            }
            if (cycles % lineEvery == 0) {
                print("line " + linesPrinted++ + " at " + cycles + "\n");
            }
            if (frameEvery > 0 && cycles % frameEvery == 0) {
                sendFrame();
            }
            cycles++;
            if (!missed.isEmpty()) {
                return new RunOutcome.PageMissed();
            }
        }
        cycles = Math.max(cycles, end);
        return new RunOutcome.DeadlineReached();
    }

    private void sendFrame() {
        byte[] frame = new byte[60];
        MacAddress.parse(frameTo).put(frame, 0);
        MacAddress.parse(address).put(frame, 6);
        ByteBuffer.wrap(frame).putLong(14, framesSent++);
        network.accept(frame);
    }

    @Override
    public void framesTo(Consumer<byte[]> sink) {
        network = sink;
    }

    @Override
    public void receive(byte[] frame) {
        obey();
        print("frame " + ByteBuffer.wrap(frame).getLong(14) + " from " + MacAddress.at(frame, 6) + " at " + cycles
                + "\n");
    }

    private void print(String text) {
        for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
            console.put(b);
        }
    }

    private void store(int gfn, long value) {
        if (pages[gfn] == null) {
            pages[gfn] = new byte[PAGE_BYTES];
        }
        ByteBuffer.wrap(pages[gfn]).putLong((int) (value % 511) * 8, value);
        if (logging) {
            dirty.set(gfn);
        }
        if (missing.get(gfn)) {
            missing.clear(gfn);
            missed.set(gfn);
        }
    }

    @Override
    public void skipUntil(long end) {
        cycles = Math.max(cycles, end);
    }

    @Override
    public long nextEventCycles() {
        if (!typed.isEmpty()) {
            return cycles;
        }
        long next =
                Math.min(Math.ceilDiv(cycles, dirtyEvery) * dirtyEvery, Math.ceilDiv(cycles, lineEvery) * lineEvery);
        if (frameEvery > 0) {
            next = Math.min(next, Math.ceilDiv(cycles, frameEvery) * frameEvery);
        }
        return Math.min(next, Math.max(cycles, suspendsAt));
    }

    @Override
    public void consoleTo(ConsoleSink sink) {
        console = sink;
    }

    @Override
    public void type(byte[] bytes) {
        obey();
        typed += new String(bytes, StandardCharsets.US_ASCII);
    }

    @Override
    public int unreadInput() {
        return typed.length();
    }

    @Override
    public GuestPages pages() {
        return this;
    }

    @Override
    public int endFrame() {
        return pages.length;
    }

    @Override
    public boolean isMemory(long gfn) {
        return gfn >= 0 && gfn < pages.length;
    }

    @Override
    public int touchedPages() {
        return (int) Arrays.stream(pages).filter(page -> page != null).count();
    }

    @Override
    public boolean isZero(int gfn) {
        if (pages[gfn] != null) {
            for (byte b : pages[gfn]) {
                if (b != 0) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void readPage(int gfn, byte[] target, int offset) {
        byte[] page = pages[gfn] == null ? new byte[PAGE_BYTES] : pages[gfn];
        System.arraycopy(page, 0, target, offset, PAGE_BYTES);
    }

    @Override
    public void writePage(int gfn, byte[] source, int offset) {
        pages[gfn] = new byte[PAGE_BYTES];
        System.arraycopy(source, offset, pages[gfn], 0, PAGE_BYTES);
    }

    @Override
    public void clearPage(int gfn) {
        pages[gfn] = null;
    }

    @Override
    public void startDirtyLog() {
        logging = true;
        dirty.clear();
    }

    @Override
    public BitSet takeDirty() {
        BitSet taken = (BitSet) dirty.clone();
        dirty.clear();
        return taken;
    }

    @Override
    public void stopDirtyLog() {
        logging = false;
        dirty.clear();
    }

    @Override
    public void withhold(BitSet gfns) {
        missing.or(gfns);
    }

    @Override
    public void come(BitSet gfns) {
        missing.andNot(gfns);
    }

    @Override
    public BitSet takeMissed() {
        BitSet taken = (BitSet) missed.clone();
        missed.clear();
        return taken;
    }

    @Override
    public boolean canBeSaved() {
        return suspendsAfter == 0 || suspended;
    }

    @Override
    public void requestSuspension() {
        obey();
        if (suspendsAfter > 0) {
            suspendsAt = cycles + suspendsAfter;
        }
    }

    @Override
    public void resume() {
        obey();
        suspended = false;
        suspendsAt = Long.MAX_VALUE;
    }

    @Override
    public ByteString save() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(cycles);
            out.writeLong(steps);
            out.writeLong(linesPrinted);
            out.writeUTF(typed);
            out.writeLong(framesSent);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    @Override
    public void restore(ByteString state) throws StateRefused {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state.toByteArray()))) {
            cycles = in.readLong();
            steps = in.readLong();
            linesPrinted = in.readLong();
            typed = in.readUTF();
            framesSent = in.readLong();
            suspended = suspendsAfter != 0;
        } catch (IOException e) {
            throw new StateRefused("toy machine state: " + e.getMessage());
        }
    }

    @Override
    public String stateHash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(save().toByteArray());
            for (int gfn = 0; gfn < pages.length; gfn++) {
                if (!isZero(gfn)) {
                    digest.update(ByteBuffer.allocate(4).putInt(gfn).array());
                    digest.update(pages[gfn]);
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        whenClosed.run();
    }

    /** Whether its host has given it up, so that it will not run again. */
    public boolean isClosed() {
        return closed;
    }
}
