package dev.simvisor.node.cpu.x87;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Counts, per operation, the vectors replayed, those that differ, and how far transcendental results are from silicon's. As a
 * program it reads vectors from standard input: {@code fpu_vectors SEED COUNT | java ... FloatVectorTally}.
 */
final class FloatVectorTally {
    /** Exception flags, C0, C2 and C3: C1 of an approximation depends on the approximation. */
    private static final int TRANSCENDENTAL_STATUS = 0x453f;

    private static final int OTHER_STATUS = 1000;
    private static final int EXAMPLES = 5;

    private final TreeMap<Integer, Integer> vectors = new TreeMap<>();
    private final TreeMap<Integer, Integer> differing = new TreeMap<>();
    private final TreeMap<Integer, TreeMap<Long, Integer>> distances = new TreeMap<>();
    private final List<String> examples = new ArrayList<>();
    private final FloatVectorReplay replay = new FloatVectorReplay();

    public static void main(String[] arguments) throws IOException {
        var tally = new FloatVectorTally();
        tally.addAll(new BufferedInputStream(System.in, 1 << 20));
        System.out.print(tally.report());
    }

    void addAll(InputStream input) throws IOException {
        byte[] bytes = new byte[FloatVector.BYTES];
        while (input.readNBytes(bytes, 0, bytes.length) == bytes.length) {
            add(FloatVector.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)));
        }
    }

    private void add(FloatVector silicon) {
        vectors.merge(silicon.operation(), 1, Integer::sum);
        FloatVector ours = replay.replay(silicon);
        boolean agrees;
        if (FloatVectorReplay.isTranscendental(silicon.operation())) {
            boolean sameStatus = ((silicon.status() ^ ours.status()) & TRANSCENDENTAL_STATUS) == 0;
            long distance = sameStatus ? FloatVectorReplay.distance(silicon, ours) : OTHER_STATUS;
            distances
                    .computeIfAbsent(silicon.operation(), key -> new TreeMap<>())
                    .merge(distance, 1, Integer::sum);
            agrees = distance <= 1;
        } else {
            agrees = FloatVectorReplay.agrees(silicon, ours);
        }
        if (!agrees) {
            differing.merge(silicon.operation(), 1, Integer::sum);
            if (examples.size() < EXAMPLES) {
                examples.add("silicon " + silicon + "\nours    " + ours + "\n");
            }
        }
    }

    /** The first vectors that differ, both ways. */
    List<String> examples() {
        return examples;
    }

    int operations() {
        return vectors.size();
    }

    String report() {
        int total = vectors.values().stream().mapToInt(Integer::intValue).sum();
        return String.join("", examples)
                + "vectors " + total + ", operations " + vectors.size() + ", differing by operation " + differing + "\n"
                + "transcendentals, operation {units in the last place=vectors}: " + distances + "\n";
    }
}
