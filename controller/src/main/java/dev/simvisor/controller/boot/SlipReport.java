package dev.simvisor.controller.boot;

import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Critical instructions of a guest's kernel that went wrong in ring 1, unnoticed by the VMM. A run with one has failed, however
 * it ended.
 *
 * @param first the first that went wrong
 * @param counts how many did, by mnemonic
 */
public record SlipReport(Optional<Slip> first, SortedMap<String, Long> counts) {
    /**
     * An instruction that went wrong.
     *
     * @param instructions executed before it
     * @param address linear
     * @param seen what it did
     * @param expected what it does in ring 0
     */
    public record Slip(long instructions, long address, String disassembly, String seen, String expected) {}

    /** The process's exit status. */
    public int status(BootEnd end) {
        return end.status() == 0 && first.isPresent() ? 1 : end.status();
    }

    /** One line about what went wrong, the first instruction that did included; empty when nothing did. */
    public String complaint(BootEnd end) {
        return Stream.concat(
                        Stream.of(end.complaint()).filter(complaint -> !complaint.isEmpty()),
                        first.map(this::describe).stream())
                .collect(Collectors.joining("; "));
    }

    private String describe(Slip slip) {
        String all = counts.entrySet().stream()
                .map(entry -> entry.getKey().toLowerCase(Locale.ROOT) + " " + entry.getValue())
                .collect(Collectors.joining(", "));
        return "critical instructions went wrong in ring 1, first '%s' at %XH after %d instructions: "
                        .formatted(slip.disassembly(), slip.address(), slip.instructions())
                + "it %s, in ring 0 it would have %s; in all: %s".formatted(slip.seen(), slip.expected(), all);
    }
}
