package dev.simvisor.node.cpu.x87;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.TreeMap;

/** Replays vectors from standard input and prints, per operation, how many there were and the first that differ. */
final class FloatVectorTally {
    public static void main(String[] arguments) throws IOException {
        int shown = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3;
        var counts = new TreeMap<Integer, int[]>();
        var ulps = new TreeMap<Integer, TreeMap<Long, Integer>>();
        var replay = new FloatVectorReplay();
        var input = new DataInputStream(new java.io.BufferedInputStream(System.in, 1 << 20));
        byte[] bytes = new byte[FloatVector.BYTES];
        while (true) {
            try {
                input.readFully(bytes);
            } catch (EOFException end) {
                break;
            }
            FloatVector silicon = FloatVector.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
            int[] count = counts.computeIfAbsent(silicon.operation(), key -> new int[2]);
            count[0]++;
            FloatVector ours;
            try {
                ours = replay.replay(silicon);
            } catch (RuntimeException e) {
                if (count[1]++ < 1) System.out.println(silicon + " " + e);
                continue;
            }
            if (FloatVectorReplay.isTranscendental(silicon.operation())) {
                int defined = Integer.getInteger("defined", 0x453f);
                boolean sameStatus = (silicon.status() & defined) == (ours.status() & defined);
                long distance = sameStatus ? FloatVectorReplay.distance(silicon, ours) : 1000;
                ulps.computeIfAbsent(silicon.operation(), key -> new TreeMap<>()).merge(distance, 1, Integer::sum);
                if (distance > 1 && count[1]++ < shown) {
                    System.out.println("silicon " + silicon);
                    System.out.println("ours    " + ours);
                }
                continue;
            }
            if (!FloatVectorReplay.agrees(silicon, ours) && count[1]++ < shown) {
                System.out.println("silicon " + silicon);
                System.out.println("ours    " + ours);
            }
        }
        System.out.println("units in the last place: " + ulps);
        counts.forEach((op, count) -> System.out.printf("op %3d: %8d vectors, %d differ%n", op, count[0], count[1]));
    }
}
