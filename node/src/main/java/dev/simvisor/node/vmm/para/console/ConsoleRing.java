package dev.simvisor.node.vmm.para.console;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.proto.state.ParavirtualConsoleState;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/** The backend's side of {@code struct xencons_interface}: what the guest writes goes to a sink, what is typed waits for room. */
public final class ConsoleRing {
    private static final int IN_SIZE = 1024;
    private static final int OUT_SIZE = 2048;
    private static final int OUT = IN_SIZE;
    private static final int IN_CONSUMED = IN_SIZE + OUT_SIZE;
    private static final int IN_PRODUCED = IN_CONSUMED + 4;
    private static final int OUT_CONSUMED = IN_CONSUMED + 8;
    private static final int OUT_PRODUCED = IN_CONSUMED + 12;

    private final Domain domain;
    private final GuestMemory memory;
    private final long page;
    private final int port;
    private final ArrayDeque<Byte> typed = new ArrayDeque<>();
    private IntConsumer sink = value -> {};

    /** @param gfn of the ring's page */
    public ConsoleRing(Domain domain, int gfn) {
        this.domain = domain;
        this.memory = domain.memory().memory();
        this.page = hold(domain, gfn);
        this.port = domain.events().allocateForBackend(this::notified);
    }

    /** The frame of the ring. */
    public int gfn() {
        return (int) (page >>> FRAME_SHIFT);
    }

    /** The ring that a suspended domain brings into a new one, with what waits to be read. */
    public ConsoleRing(Domain domain, ParavirtualConsoleState state) {
        this(domain, state.getGfn());
        for (byte b : state.getTyped().toByteArray()) typed.add(b);
    }

    /** Keeps the guest from using the frame as a page table, or giving it up, while the ring is written to. */
    private static long hold(Domain domain, int gfn) {
        domain.frames().takeAs(gfn, FrameType.WRITABLE);
        return (long) gfn << FRAME_SHIFT;
    }

    public ParavirtualConsoleState save() {
        byte[] waiting = new byte[typed.size()];
        int n = 0;
        for (byte b : typed) waiting[n++] = b;
        return ParavirtualConsoleState.newBuilder()
                .setGfn(gfn())
                .setPort(port)
                .setTyped(ByteString.copyFrom(waiting))
                .build();
    }

    /** The guest's event channel port for it. */
    public int port() {
        return port;
    }

    public void sendTo(IntConsumer output) {
        sink = output;
    }

    /** Queues bytes for the guest to read. */
    public void type(byte[] bytes) {
        for (byte b : bytes) typed.add(b);
        if (fill()) domain.events().notifyGuest(port);
    }

    /** Bytes that wait for room. */
    public int waiting() {
        return typed.size();
    }

    private void notified() {
        boolean room = drain();
        if (fill() || room) domain.events().notifyGuest(port);
    }

    /** Takes what the guest has written; a ring whose indices make no sense is left alone. */
    private boolean drain() {
        int consumed = get(OUT_CONSUMED);
        int produced = get(OUT_PRODUCED);
        int waiting = produced - consumed;
        if (waiting <= 0 || waiting > OUT_SIZE) return false;
        for (; consumed != produced; consumed++) {
            sink.accept((int) memory.read(page + OUT + (consumed & OUT_SIZE - 1), 1));
        }
        put(OUT_CONSUMED, consumed);
        return true;
    }

    private boolean fill() {
        int produced = get(IN_PRODUCED);
        int used = produced - get(IN_CONSUMED);
        if (used < 0 || used > IN_SIZE || typed.isEmpty()) return false;
        int before = produced;
        for (; used < IN_SIZE && !typed.isEmpty(); used++, produced++) {
            memory.write(page + (produced & IN_SIZE - 1), 1, typed.remove());
        }
        put(IN_PRODUCED, produced);
        return produced != before;
    }

    private int get(int offset) {
        return (int) memory.read(page + offset, 4);
    }

    private void put(int offset, int value) {
        memory.write(page + offset, 4, value);
    }
}
