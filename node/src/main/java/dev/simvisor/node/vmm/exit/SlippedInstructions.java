package dev.simvisor.node.vmm.exit;

import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What became of critical instructions that a deprivileged kernel executed without the VMM's notice: those that did something
 * else than in ring 0. The VMM of a real machine never learns of it; a simulator can look.
 */
public final class SlippedInstructions {
    private @Nullable Slip first;
    private final SortedMap<String, long[]> counts = new TreeMap<>();

    /**
     * The instruction that went wrong first.
     *
     * @param instructions executed before it since the machine was made
     * @param address linear
     * @param disassembly in Intel syntax
     * @param seen what it did, which the guest can see
     * @param expected what it does in ring 0
     */
    public record Slip(long instructions, long address, String disassembly, String seen, String expected) {}

    /**
     * Takes down one that went wrong.
     *
     * @param slip describes it; asked for the first alone
     */
    public void add(String mnemonic, Supplier<Slip> slip) {
        if (first == null) first = slip.get();
        counts.computeIfAbsent(mnemonic, m -> new long[1])[0]++;
    }

    public Optional<Slip> first() {
        return Optional.ofNullable(first);
    }

    /** How many went wrong, by mnemonic. */
    public SortedMap<String, Long> counts() {
        SortedMap<String, Long> result = new TreeMap<>();
        counts.forEach((mnemonic, count) -> result.put(mnemonic, count[0]));
        return result;
    }
}
