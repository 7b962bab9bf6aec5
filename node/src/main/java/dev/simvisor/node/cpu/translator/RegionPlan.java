package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Block;
import dev.simvisor.node.cpu.interpreter.BlockCache;
import dev.simvisor.node.cpu.interpreter.HandlerTable;
import dev.simvisor.node.cpu.interpreter.Region;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks become a region: those that branches, calls and their returns lead to from the first, the most often executed
 * first, in the pages that the TLB knows. In reverse postorder, so that most edges lead forward.
 *
 * <p>Each piece of code is to be translated once. So a region can be entered wherever control comes back to it from blocks around
 * it; it ends where others are entered that stay long in themselves, or that it has no room for; and it takes in the others.
 * Only what is called, and returns soon, is translated for each caller.
 */
final class RegionPlan {
    private static final int PAGE = 4096;
    private static final int MOST_PAGES = 16;
    /** A block belongs to the region if it was executed at least one such part as often as the first. */
    private static final int COLD = 32;
    /** Blocks around the region that are looked at for where they lead back to it. */
    private static final int MOST_AROUND = 256;
    /** No block lies farther from the first, in bytes. */
    private static final int FARTHEST = 1 << 30;

    /**
     * The first instructions of a block: those before the start of another that is in the region, too.
     *
     * @param distance from the origin to its start
     * @param count how many of its instructions
     * @param called whether a call within the region leads to it
     * @param walks whether its accesses handle misses of the TLB in place
     * @param targets distances from the origin of what has followed an indirect branch at its end
     */
    record Node(Block block, long distance, int count, boolean called, boolean walks, List<Long> targets) {
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

        /** Only what precedes the instruction at {@code start}, if that is one of its own; else all of it. */
        Node before(long start) {
            for (int n = 1; n < count; n++) {
                if (distance + block.instructions[n].offset != start) continue;
                return new Node(block, distance, n, called, walks, targets);
            }
            return this;
        }

        /** The rest of the block. */
        List<Instruction> leftOut() {
            return Arrays.asList(block.instructions).subList(count, block.instructions.length);
        }

        Node walking() {
            return new Node(block, distance, count, called, true, targets);
        }

        boolean crossesPage() {
            return block.secondPage != Block.NO_SECOND_PAGE;
        }
    }

    private final Cpu cpu;
    private final BlockCache blocks;
    private final long origin;
    private final boolean wide;
    private final Block first;
    private final int callout = HandlerTable.shared().callout();
    private final Map<Long, Node> chosen = new HashMap<>();
    private final Map<Long, Long> frames = new HashMap<>();
    private final List<Node> order = new ArrayList<>();
    private final List<Integer> entrances = new ArrayList<>();
    private final Map<Long, Integer> numbers = new HashMap<>();

    private RegionPlan(Cpu cpu, BlockCache blocks, Block first, long origin) {
        this.cpu = cpu;
        this.blocks = blocks;
        this.first = first;
        this.origin = origin;
        this.wide = cpu.codeSize == 64;
    }

    /** A plan for a block that is mapped at rIP {@code origin}, of at most so many instructions. */
    static RegionPlan around(Cpu cpu, BlockCache blocks, Block first, long origin, int mostInstructions) {
        RegionPlan plan = new RegionPlan(cpu, blocks, first, origin);
        plan.choose(mostInstructions);
        plan.shareWalks();
        plan.sort();
        plan.chooseEntrances();
        return plan;
    }

    /**
     * A plan of a known shape for a block that is mapped at rIP {@code origin}; or null if blocks are not there, or not such that
     * it would serve.
     */
    static @Nullable RegionPlan like(RegionClass.Shape shape, Cpu cpu, BlockCache blocks, Block first, long origin) {
        RegionPlan plan = new RegionPlan(cpu, blocks, first, origin);
        for (RegionClass.Part part : shape.parts()) {
            Block block = part.distance() == 0 ? first : plan.known(part.distance());
            if (block == null || !serves(block, part)) return null;
            plan.order.add(new Node(block, part.distance(), part.count(), part.called(), part.walks(), part.targets()));
            plan.frames.put(plan.page(part.distance()), block.physical & -PAGE);
        }
        plan.number();
        plan.entrances.addAll(shape.entrances());
        return plan;
    }

    private static boolean serves(Block block, RegionClass.Part part) {
        if (block.isRefused() || block.missesOften() && !part.walks()) return false;
        return block.length == part.length() && block.instructions.length >= part.count();
    }

    // ---- choosing

    private void choose(int mostInstructions) {
        frames.put(page(0), first.physical & -PAGE);
        Comparator<Node> hottestFirst =
                Comparator.comparingInt((Node node) -> -node.block.executions).thenComparingLong(Node::distance);
        PriorityQueue<Node> candidates = new PriorityQueue<>(hottestFirst);
        Set<Long> seen = new HashSet<>();
        candidates.add(node(first, 0, Math.min(first.instructions.length, mostInstructions), false));
        seen.add(0L);
        while (!candidates.isEmpty()) {
            Node node = candidates.remove();
            for (long start : chosen.keySet()) node = node.before(start);
            int room = mostInstructions - count(chosen.values());
            if (node.count > room || isOfAnother(node, room)) continue;
            long start = node.distance;
            chosen.replaceAll((distance, other) -> other.before(start));
            chosen.put(start, node);
            for (long distance : successors(node)) {
                if (!seen.add(distance)) continue;
                Block block = find(distance);
                boolean called = node.called || calls(node, distance);
                if (block != null) candidates.add(node(block, distance, block.instructions.length, called));
            }
        }
    }

    /** After a miss the interpreter goes on to the end of the block, so that only its first was counted, wherever it is now. */
    private void shareWalks() {
        for (Node node : List.copyOf(chosen.values())) {
            if (!node.walks) continue;
            for (Instruction instruction : node.leftOut()) {
                chosen.computeIfPresent(node.distance + instruction.offset, (start, other) -> other.walking());
            }
        }
    }

    private static boolean isOfAnother(Node node, int room) {
        Region other = node.block.entered();
        if (other == null) return false;
        return other.runsLong() || !node.called && other.layout().instructions().length > room;
    }

    private static boolean calls(Node node, long distance) {
        Ending ending = Ending.of(node.last());
        return (ending == Ending.CALL || ending == Ending.CALL_INDIRECT) && distance != node.end();
    }

    /** Distances of what may follow: for a call the callee, and what it returns to; for an indirect branch what did follow. */
    List<Long> successors(Node node) {
        Instruction last = node.last();
        return switch (Ending.of(last)) {
            case CONDITIONAL -> List.of(node.end(), target(node));
            case JUMP -> List.of(target(node));
            case CALL -> List.of(target(node), node.end());
            case CALL_INDIRECT -> {
                List<Long> successors = new ArrayList<>(node.targets);
                successors.add(node.end());
                yield successors;
            }
            case JUMP_INDIRECT -> node.targets;
            case STRING, STATE_CHANGE, STI, NONE -> List.of(node.end());
            case RETURN, SYSTEM_CALL, OTHER -> List.of();
        };
    }

    private Node node(Block block, long distance, int count, boolean called) {
        List<Long> targets = Arrays.stream(block.indirectTargets())
                .mapToObj(target -> normal(distance + target))
                .toList();
        return new Node(block, distance, count, called, block.missesOften(), targets);
    }

    /** Distances of what returns lead to. */
    List<Long> returnPoints() {
        List<Long> points = new ArrayList<>();
        for (Node caller : order) {
            Ending ending = Ending.of(caller.last());
            if (ending == Ending.CALL || ending == Ending.CALL_INDIRECT) points.add(caller.end());
        }
        return points;
    }

    /** Distance of a direct branch's target. */
    long target(Node node) {
        return normal(node.end() + node.last().immediate);
    }

    /** Outside 64-bit mode addresses wrap at 4 GiB, so that distances do. */
    private long normal(long distance) {
        return wide ? distance : (int) distance;
    }

    private long linear(long distance) {
        return wide ? origin + distance : origin + distance & 0xFFFF_FFFFL;
    }

    /** Linear address, as mapped now, of the page at a distance. */
    private long page(long distance) {
        return linear(distance) & -PAGE;
    }

    private @Nullable Block find(long distance) {
        Block block = known(distance);
        if (block == null || block.isRefused()) return null;
        if (block.entered() == null && block.executions < first.executions / COLD) return null;
        if (!frames.containsKey(page(distance)) && frames.size() == MOST_PAGES) return null;
        frames.put(page(distance), block.physical & -PAGE);
        return block;
    }

    /** The block at a distance, if it was executed and the TLB knows its page. */
    private @Nullable Block known(long distance) {
        if (Math.abs(distance) > FARTHEST) return null;
        long linear = linear(distance);
        Long frame = frames.get(page(distance));
        if (frame == null) frame = cpu.memory.fetchHit(linear);
        return frame == -1 ? null : blocks.find(frame | linear & PAGE - 1, first.key);
    }

    // ---- ordering

    private void sort() {
        List<Node> postorder = new ArrayList<>();
        Set<Long> visited = new HashSet<>();
        Deque<Node> path = new ArrayDeque<>();
        Deque<Deque<Long>> left = new ArrayDeque<>();
        visit(Objects.requireNonNull(chosen.get(0L)), visited, path, left);
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
        number();
    }

    private void number() {
        for (int n = 0; n < order.size(); n++) numbers.put(order.get(n).distance, n);
    }

    /**
     * The first block, heads of loops, what is called, returned to, jumped to indirectly or reached from a callout, where
     * regions are entered that this takes in, where control comes back to it, and what else turned out to be wanted.
     */
    private void chooseEntrances() {
        BitSet heads = new BitSet();
        heads.set(0);
        for (Node node : order) {
            if (node.block.entered() != null || node.block.wantsEntrance()) heads.set(number(node.distance));
            // Where the VMM goes on after what it was called out for.
            if (node.last().handler == callout && number(node.end()) >= 0) heads.set(number(node.end()));
            for (long distance : successors(node)) {
                int number = number(distance);
                if (number < 0) continue;
                boolean indirect = Ending.of(node.last()) == Ending.JUMP_INDIRECT;
                if (number <= number(node.distance) || calls(node, distance) || indirect) heads.set(number);
            }
        }
        for (long distance : returnPoints()) {
            if (number(distance) >= 0) heads.set(number(distance));
        }
        heads.or(joins());
        heads.stream().filter(number -> !order.get(number).crossesPage()).forEach(entrances::add);
    }

    /** Where control comes back to from blocks around the region, which others may be translated with. */
    private BitSet joins() {
        BitSet joins = new BitSet();
        Set<Long> seen = new HashSet<>();
        Deque<Long> around = new ArrayDeque<>();
        for (Node node : order) exits(node, seen, around);
        for (int looks = 0; looks < MOST_AROUND && !around.isEmpty(); looks++) {
            long distance = around.remove();
            Block block = known(distance);
            if (block == null) continue;
            Node node = node(block, distance, block.instructions.length, false);
            for (long successor : successors(node)) if (number(successor) >= 0) joins.set(number(successor));
            exits(node, seen, around);
        }
        return joins;
    }

    private void exits(Node node, Set<Long> seen, Deque<Long> around) {
        for (long distance : successors(node)) {
            if (number(distance) < 0 && !calls(node, distance) && seen.add(distance)) around.add(distance);
        }
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

    RegionClass.Shape shape() {
        List<RegionClass.Part> parts = order.stream()
                .map(node -> new RegionClass.Part(
                        node.distance, node.count, node.block.length, node.called, node.walks, node.targets))
                .toList();
        return new RegionClass.Shape(parts, List.copyOf(entrances));
    }

    /** rIP of its first block. */
    long origin() {
        return origin;
    }

    /** Under which its blocks were decoded. */
    int key() {
        return first.key;
    }

    boolean wide() {
        return wide;
    }

    /** Numbers of the blocks at which the region can be entered; the first is 0. */
    List<Integer> entrances() {
        return entrances;
    }

    boolean samePage(long distance, long other) {
        return page(distance) == page(other);
    }

    /** Physical address of the page that a block of the region lies in. */
    long frame(long distance) {
        return Objects.requireNonNull(frames.get(page(distance)));
    }

    int instructions() {
        return count(order);
    }

    private static int count(Collection<Node> nodes) {
        return nodes.stream().mapToInt(Node::count).sum();
    }
}
