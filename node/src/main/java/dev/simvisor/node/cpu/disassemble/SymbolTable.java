package dev.simvisor.node.cpu.disassemble;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Names of places in a guest's code, by offset in CS. */
public final class SymbolTable {
    /** Of a guest of which nothing is known. */
    public static final SymbolTable NONE = new SymbolTable(List.of());

    /** No function is longer, in bytes: what lies farther behind a symbol is not its. */
    private static final long FARTHEST = 1 << 16;

    /** A name, and the address that it stands for. */
    public record Symbol(long address, String name) {}

    /**
     * A place in terms of the symbol at or before it.
     *
     * @param distance behind it, in bytes
     */
    public record Place(String symbol, long distance) {
        /** As debuggers have it: {@code memset+0x9}. */
        public String text() {
            return distance == 0 ? symbol : symbol + "+0x" + Long.toHexString(distance);
        }
    }

    private final NavigableMap<Long, String> names = new TreeMap<>(Long::compareUnsigned);

    /** Of several symbols at one address, the first one counts. */
    public SymbolTable(Collection<Symbol> symbols) {
        for (Symbol symbol : symbols) names.putIfAbsent(symbol.address(), symbol.name());
    }

    public boolean isEmpty() {
        return names.isEmpty();
    }

    /** Where an address is, if a symbol is near enough before it. */
    public Optional<Place> at(long address) {
        Map.Entry<Long, String> before = names.floorEntry(address);
        if (before == null) return Optional.empty();
        long distance = address - before.getKey();
        boolean near = Long.compareUnsigned(distance, FARTHEST) < 0;
        return near ? Optional.of(new Place(before.getValue(), distance)) : Optional.empty();
    }
}
