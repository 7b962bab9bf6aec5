package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Block;
import dev.simvisor.node.cpu.interpreter.BlockCache;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks become a region: those that direct branches, calls and their returns lead to from the entry, the most often
 * executed first, in the pages that the TLB knows. In reverse postorder, so that most edges lead forward.
 */
final class RegionPlan {
    private static final int PAGE = 4096;
    private static final int MOST_PAGES = 6;
    /** A block belongs to the region if it was executed at least one such part as often as the entry. */
    private static final int COLD = 32;

    /**
     * The first instructions of a block, mostly all.
     *
     * @param distance from the entry to its start
     * @param count how many of its instructions
     */
    record Node(Block block, long distance, int count) {
        Node(Block block, long distance) {
            this(block, distance, block.instructions.length);
        }

        List<Instruction> instructions() {
            return Arrays.asList(block.instructions).subList(0, count);
        }

        Instruction last() {
            return block.instructions[count - 1];
        }

        /** Where the instruction after the last starts. */
        long end() {
            return distance + last().nextOffset();
        }
    }

    private final Cpu cpu;
    private final BlockCache blocks;
    private final long entry;
    private final boolean wide;
    private final Block first;
    private final Map<Long, Node> chosen = new HashMap<>();
    private final TreeMap<Long, Long> pages = new TreeMap<>();
    private final List<Node> order = new ArrayList<>();
    private final Map<Long, Integer> numbers = new HashMap<>();

    private RegionPlan(Cpu cpu, BlockCache blocks, Block first) {
        this.cpu = cpu;
        this.blocks = blocks;
        this.first = first;
        this.entry = cpu.rip;
        this.wide = cpu.codeSize == 64;
    }

    /** A plan for the block that the processor is about to enter, of at most so many instructions. */
    static RegionPlan around(Cpu cpu, BlockCache blocks, Block first, int mostInstructions) {
        RegionPlan plan = new RegionPlan(cpu, blocks, first);
        plan.choose(mostInstructions);
        plan.sort();
        return plan;
    }

    // ---- choosing

    private void choose(int mostInstructions) {
        Comparator<Node> hottestFirst =
                Comparator.comparingInt((Node node) -> -node.block.executions).thenComparingLong(Node::distance);
        PriorityQueue<Node> candidates = new PriorityQueue<>(hottestFirst);
        Set<Long> seen = new HashSet<>();
        candidates.add(new Node(first, 0, Math.min(first.instructions.length, mostInstructions)));
        seen.add(0L);
        int instructions = 0;
        while (!candidates.isEmpty()) {
            Node node = candidates.remove();
            if (instructions + node.count > mostInstructions) continue;
            instructions += node.count;
            chosen.put(node.distance, node);
            for (long distance : successors(node)) {
                if (!seen.add(distance)) continue;
                Block block = find(distance);
                if (block != null) candidates.add(new Node(block, distance));
            }
        }
    }

    /** Distances of what may follow: for a call the callee, and what it returns to. */
    List<Long> successors(Node node) {
        Instruction last = node.last();
        return switch (Ending.of(last)) {
            case CONDITIONAL -> List.of(node.end(), target(node));
            case JUMP -> List.of(target(node));
            case CALL -> List.of(target(node), node.end());
            case CALL_INDIRECT, STRING, NONE -> List.of(node.end());
            case RETURN, JUMP_INDIRECT, OTHER -> List.of();
        };
    }

    /** Distance of a direct branch's target. */
    long target(Node node) {
        long distance = node.end() + node.last().immediate;
        // Outside 64-bit mode addresses wrap at 4 GiB, so that distances do.
        return wide ? distance : (int) distance;
    }

    private @Nullable Block find(long distance) {
        long linear = wide ? entry + distance : entry + distance & 0xFFFF_FFFFL;
        long page = (linear & -PAGE) - (entry & -PAGE);
        Long frame = page == 0 ? Long.valueOf(first.physical & -PAGE) : pages.get(page);
        if (frame == null) {
            if (pages.size() >= MOST_PAGES - 1) return null;
            frame = cpu.memory.fetchHit(linear);
            if (frame == -1) return null;
        }
        Block block = blocks.find(frame | linear & PAGE - 1, first.key);
        if (block == null || block.secondPage != Block.NO_SECOND_PAGE || block.isRefused()) return null;
        if (block.region == null && block.executions < first.executions / COLD) return null;
        if (page != 0) pages.put(page, frame);
        return block;
    }

    // ---- ordering

    private void sort() {
        List<Node> postorder = new ArrayList<>();
        Set<Long> visited = new HashSet<>();
        Deque<Node> path = new ArrayDeque<>();
        Deque<Deque<Long>> left = new ArrayDeque<>();
        visit(chosen.getOrDefault(0L, new Node(first, 0)), visited, path, left);
        while (!path.isEmpty()) {
            Long next = left.element().poll();
            if (next == null) {
                postorder.add(path.pop());
                left.pop();
                continue;
            }
            Node node = chosen.get(next);
            if (node != null && !visited.contains(next)) visit(node, visited, path, left);
        }
        order.addAll(postorder);
        Collections.reverse(order);
        for (int n = 0; n < order.size(); n++) numbers.put(order.get(n).distance, n);
    }

    private void visit(Node node, Set<Long> visited, Deque<Node> path, Deque<Deque<Long>> left) {
        visited.add(node.distance);
        path.push(node);
        left.push(new ArrayDeque<>(successors(node)));
    }

    // ---- what came out

    /** In the order in which they are to be emitted; the entry first. */
    List<Node> nodes() {
        return order;
    }

    /** Position among the nodes of the block at a distance, or -1. */
    int number(long distance) {
        return numbers.getOrDefault(distance, -1);
    }

    boolean wide() {
        return wide;
    }

    long[] pageDistances() {
        return pages.keySet().stream().mapToLong(Long::longValue).toArray();
    }

    long[] frames() {
        return pages.values().stream().mapToLong(Long::longValue).toArray();
    }

    int instructions() {
        return order.stream().mapToInt(Node::count).sum();
    }
}
