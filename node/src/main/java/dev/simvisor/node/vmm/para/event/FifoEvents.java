package dev.simvisor.node.vmm.para.event;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.proto.state.FifoEventsState;
import dev.simvisor.proto.state.FifoQueueState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Queues of events by priority: each port has a word in an array of pages that the guest gives, pending ports are linked by
 * their words into queues, and each vCPU has a control block with a bit and the first port of each queue (public header
 * event_channel.h, "FIFO-based event channel ABI").
 */
final class FifoEvents implements EventBits {
    static final int LINK_BITS = 17;
    static final int PRIORITIES = 16;
    static final int CONTROL_BLOCK_SIZE = 8 + 4 * PRIORITIES;

    private static final int PORTS = 1 << LINK_BITS;
    private static final int WORDS_PER_PAGE = 1024;
    private static final int DEFAULT_PRIORITY = 7;

    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;
    private static final int BUSY = 1 << 28;
    private static final int LINK = PORTS - 1;
    private static final int HEADS = 8;
    private static final long NO_CONTROL_BLOCK = -1;

    private final GuestMemory memory;
    private final EventSink vcpus;
    /** Addresses of the pages with the words. */
    private final List<Long> pages = new ArrayList<>();

    private final long[] controlBlocks;
    /** The last port of each vCPU's queues; 0 for none. */
    private final int[][] tails;
    /** Which queue each port was last put into: vCPU and priority. */
    private final Map<Integer, int[]> lastQueue = new TreeMap<>();

    private final Map<Integer, Integer> priorities = new TreeMap<>();
    /** Pending ports that have no word yet. */
    private final BitSet early = new BitSet();

    FifoEvents(GuestMemory memory, EventSink vcpus) {
        this.memory = memory;
        this.vcpus = vcpus;
        controlBlocks = new long[vcpus.vcpus()];
        Arrays.fill(controlBlocks, NO_CONTROL_BLOCK);
        tails = new int[vcpus.vcpus()][PRIORITIES];
    }

    FifoEventsState save() {
        FifoEventsState.Builder state =
                FifoEventsState.newBuilder().addAllPages(pages).setEarly(ByteString.copyFrom(early.toByteArray()));
        for (long block : controlBlocks) state.addControlBlocks(block);
        for (int[] ofVcpu : tails) {
            for (int tail : ofVcpu) state.addTails(tail);
        }
        lastQueue.forEach((port, queue) -> state.addLastQueues(
                FifoQueueState.newBuilder().setPort(port).setVcpu(queue[0]).setPriority(queue[1])));
        priorities.forEach((port, priority) ->
                state.addPriorities(FifoQueueState.newBuilder().setPort(port).setPriority(priority)));
        return state.build();
    }

    boolean hasControlBlock(int vcpu) {
        return controlBlocks[vcpu] != NO_CONTROL_BLOCK;
    }

    /** Where a vCPU's control block is. */
    void controlBlock(int vcpu, long address) {
        controlBlocks[vcpu] = address;
    }

    /** Whether there are words for all ports. */
    boolean isFull() {
        return pages.size() == PORTS / WORDS_PER_PAGE;
    }

    /** Gives the next ports their words; returns those that became pending before. */
    BitSet addPage(long address) {
        int first = pages.size() * WORDS_PER_PAGE;
        pages.add(address);
        BitSet pending = new BitSet();
        early.stream()
                .filter(port -> port >= first && port < first + WORDS_PER_PAGE)
                .forEach(pending::set);
        early.andNot(pending);
        return pending;
    }

    void pendingEarly(int port) {
        early.set(port);
    }

    void priority(int port, int priority) {
        priorities.put(port, priority);
    }

    private long wordAddress(int port) {
        int page = port / WORDS_PER_PAGE;
        return page < pages.size() ? pages.get(page) + 4L * (port % WORDS_PER_PAGE) : 0;
    }

    private int word(long address) {
        return (int) memory.read(address, 4);
    }

    @Override
    public int ports() {
        return PORTS;
    }

    @Override
    public void raise(int port, int vcpu) {
        long address = wordAddress(port);
        if (address == 0) {
            early.set(port);
            return;
        }
        int before = word(address);
        memory.write(address, 4, before | PENDING);
        if ((before & (MASKED | LINKED)) == 0 && hasControlBlock(vcpu)) enqueue(port, address, vcpu);
        if ((before & PENDING) == 0) vcpus.polled(port);
    }

    private void enqueue(int port, long address, int vcpu) {
        int priority = priorities.getOrDefault(port, DEFAULT_PRIORITY);
        memory.write(address, 4, word(address) | LINKED);
        int[] last = lastQueue.put(port, new int[] {vcpu, priority});
        // If it was the last of a queue, that queue is empty now: the guest has taken it out.
        if (last != null && tails[last[0]][last[1]] == port) tails[last[0]][last[1]] = 0;
        int tail = tails[vcpu][priority];
        boolean linked = tail != 0 && link(tail, port);
        long block = controlBlocks[vcpu];
        if (!linked) memory.write(block + HEADS + 4L * priority, 4, port);
        tails[vcpu][priority] = port;
        if (linked) return;
        int ready = (int) memory.read(block, 4);
        if ((ready & 1 << priority) != 0) return;
        memory.write(block, 4, ready | 1 << priority);
        vcpus.upcall(vcpu);
    }

    /** Hangs a port behind the last of a queue; false if the guest has emptied the queue meanwhile. */
    private boolean link(int tail, int port) {
        long address = wordAddress(tail);
        int word = word(address);
        if ((word & LINKED) == 0) return false;
        memory.write(address, 4, word & ~(BUSY | LINK) | port);
        return true;
    }

    @Override
    public void unmask(int port, int vcpu) {
        long address = wordAddress(port);
        if (address == 0) return;
        int word = word(address) & ~MASKED;
        memory.write(address, 4, word);
        if ((word & PENDING) != 0) raise(port, vcpu);
    }

    @Override
    public void clear(int port) {
        early.clear(port);
        priorities.remove(port);
        long address = wordAddress(port);
        if (address != 0) memory.write(address, 4, word(address) & ~PENDING);
    }

    @Override
    public boolean isPending(int port) {
        long address = wordAddress(port);
        return address == 0 ? early.get(port) : (word(address) & PENDING) != 0;
    }
}
