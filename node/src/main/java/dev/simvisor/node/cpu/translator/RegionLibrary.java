package dev.simvisor.node.cpu.translator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The classes that the translators of a process have made, so that guests with the same code share them, and what HotSpot has
 * compiled: the tenth VM that boots the same Linux finds its hot code translated. The library bounds how many classes stay.
 *
 * <p>Whether a translator finds something here depends on what other VMs did before. What its guest does never depends on whether
 * it does.
 */
final class RegionLibrary {
    /** Some 20 KB of metaspace and code cache each. */
    static final int MOST_CLASSES = 4000;

    /** Classes that begin at the same place: made with other blocks, or of other code. */
    private static final int MOST_AT_A_PLACE = 4;

    /** Used by all translators that are not told otherwise. */
    static final RegionLibrary SHARED = new RegionLibrary();

    /**
     * Where a region begins.
     *
     * @param origin rIP of its first block
     * @param key under which the block was decoded
     */
    record Place(long origin, int key) {}

    private final SequencedMap<Place, List<RegionClass>> classes = new LinkedHashMap<>(16, 0.75f, true);
    private int count;

    /** Classes that begin there, the latest first. */
    synchronized List<RegionClass> at(Place place) {
        return List.copyOf(classes.getOrDefault(place, List.of()));
    }

    /** The class of that shape which begins there. */
    Optional<RegionClass> find(Place place, RegionClass.Shape shape) {
        return at(place).stream().filter(known -> known.shape().equals(shape)).findFirst();
    }

    /** Keeps a class; those at the place that was not asked for longest may have to go. */
    synchronized void add(Place place, RegionClass made) {
        List<RegionClass> there = classes.computeIfAbsent(place, _ -> new ArrayList<>());
        there.addFirst(made);
        count++;
        if (there.size() > MOST_AT_A_PLACE) {
            there.removeLast();
            count--;
        }
        if (count > MOST_CLASSES) count -= classes.pollFirstEntry().getValue().size();
    }
}
