package dev.simvisor.node.machine.device.apic;

import java.util.Arrays;
import java.util.List;

/** A bit for each of the 256 vectors, as in the local APIC's IRR, ISR and TMR (SDM Vol 3A §11.8.4). */
final class VectorSet {
    private final long[] words = new long[4];

    void add(int vector) {
        words[vector >> 6] |= 1L << vector;
    }

    void remove(int vector) {
        words[vector >> 6] &= ~(1L << vector);
    }

    void set(int vector, boolean present) {
        if (present) {
            add(vector);
        } else {
            remove(vector);
        }
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    boolean contains(int vector) {
        return (words[vector >> 6] >>> vector & 1) != 0;
    }

    /** The highest vector present, or -1. */
    int highest() {
        for (int i = words.length - 1; i >= 0; i--) {
            if (words[i] != 0) {
                return i * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(words[i]);
            }
        }
        return -1;
    }

    /** The 32-bit register {@code index} of 8. */
    int word(int index) {
        return (int) (words[index >> 1] >>> ((index & 1) * Integer.SIZE));
    }

    List<Long> words() {
        return Arrays.stream(words).boxed().toList();
    }

    void restore(List<Long> saved) {
        for (int i = 0; i < words.length; i++) {
            words[i] = saved.get(i);
        }
    }
}
