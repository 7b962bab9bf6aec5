package dev.simvisor.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What hardware and VMM do about sensitive instructions. */
public enum VirtualizationMode {
    /** No VMM: the guest owns the processor. */
    BARE("in ring 0: there is no VMM", "do what the processor does", "the guest's own page tables"),
    /** The guest's kernel in ring 1; privileged instructions trap, critical ones slip through. */
    TRAP(
            "in ring 1, unmodified",
            "the privileged ones trap and are emulated; the critical ones slip through, and go wrong",
            "shadow page tables"),
    /** Full virtualization by binary translation of the guest's kernel. */
    TRANSLATE(
            "in ring 1, unmodified but for the translation of its blocks",
            "callouts to the VMM, which translation puts in place of the privileged and critical ones",
            "shadow page tables, kept true by tracing stores to the guest's"),
    /** A guest modified to use hypercalls. */
    PARA(
            "in ring 1 or 3, modified to use hypercalls",
            "are not executed: there are hypercalls in their place",
            "the guest's own page tables, validated by the VMM"),
    /** The processor's non-root mode with nested paging. */
    HARDWARE(
            "in ring 0 of non-root operation, unmodified",
            "leave the guest where the control fields ask for it (VM exits)",
            "nested paging: the guest's own page tables, and the VMM's extended ones below");

    /** Those that give an unmodified guest one and the same virtual machine, so that it may move from one to another. */
    private static final List<VirtualizationMode> INTERCHANGEABLE = List.of(TRANSLATE, HARDWARE);

    private final String kernel;
    private final String sensitiveInstructions;
    private final String memory;

    VirtualizationMode(String kernel, String sensitiveInstructions, String memory) {
        this.kernel = kernel;
        this.sensitiveInstructions = sensitiveInstructions;
        this.memory = memory;
    }

    /** Where the guest's kernel runs, in words. */
    public String kernel() {
        return kernel;
    }

    /** What becomes of sensitive instructions, in words. */
    public String sensitiveInstructions() {
        return sensitiveInstructions;
    }

    /** How addresses are translated, in words. */
    public String memory() {
        return memory;
    }

    /** The mode that is so written. */
    public static Optional<VirtualizationMode> named(String written) {
        return Arrays.stream(values())
                .filter(mode -> mode.toString().equals(written))
                .findFirst();
    }

    /** As {@link #named}; throws {@link IllegalArgumentException}, whose message says what was expected, for anything else. */
    public static VirtualizationMode parse(String written) {
        return named(written)
                .orElseThrow(() -> new IllegalArgumentException("expected one of "
                        + Arrays.stream(values())
                                .map(VirtualizationMode::toString)
                                .collect(Collectors.joining(", "))
                        + ", not \"" + written + "\""));
    }

    /** The modes that can carry on a VM that was created in this one, the best first. */
    public List<VirtualizationMode> interchangeable() {
        if (!INTERCHANGEABLE.contains(this)) {
            return List.of(this);
        }
        return INTERCHANGEABLE.stream()
                .sorted((a, b) -> Boolean.compare(b == this, a == this))
                .toList();
    }

    /** The mode in which a host that offers these carries on a VM that was created in this one. */
    public Optional<VirtualizationMode> carriedOn(Collection<VirtualizationMode> offered) {
        return interchangeable().stream().filter(offered::contains).findFirst();
    }

    /** As on the command line and in configurations, such as {@code bare}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
