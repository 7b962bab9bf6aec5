package dev.simvisor.config;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many cycles things take on a kind of processor. Every figure has a source; cost-models/README.md has the schema.
 *
 * @param clock at which the figures are cycles
 * @param cyclesPerInstruction the CPI of ordinary instructions, with at most three decimals
 * @param tlbEntries translations that the TLB holds, a power of two
 * @param eventCycles the whole cycles that an event of the processor is charged
 * @param exitCycles the whole cycles that a mode's exits are charged
 */
public record CostModel(
        String name,
        String description,
        Frequency clock,
        Figure cyclesPerInstruction,
        Figure tlbEntries,
        SortedMap<Event, Figure> eventCycles,
        SortedMap<VirtualizationMode, SortedMap<Exit, Figure>> exitCycles) {
    /** What the processor is charged beyond its instructions, in every mode. */
    public enum Event {
        /** An IN or OUT on the processor itself. */
        PORT_IO,
        /** A SYSCALL, SYSRET, SYSENTER or SYSEXIT. */
        FAST_SYSTEM_CALL,
        /** The delivery of an exception or interrupt, its IRET included. */
        EXCEPTION_DELIVERY,
        /** An entry of a paging structure that a page walk reads. */
        WALK_REFERENCE,
        /** The same under nested paging, of the guest's structures or of the host's. */
        NESTED_WALK_REFERENCE;

        /** As in a cost model: {@code port-io}. */
        public String written() {
            return Names.written(this);
        }
    }

    /** What a VMM is charged: the kinds of exit that a node counts. */
    public enum Exit {
        PRIVILEGED_TRAP("a privileged instruction of a kernel in ring 1, or a system call, trapped and emulated"),
        CALLOUT("a privileged or critical instruction that translation replaced by a callout"),
        INTERPRETED("an instruction in a processor mode that ring 1 has no place for, interpreted by the VMM"),
        REFLECTED_EXCEPTION("an exception of the guest's own, other than a page fault, passed on to its handler"),
        TRUE_PAGE_FAULT("a page fault that the guest's page tables call for, passed on to its handler"),
        HIDDEN_PAGE_FAULT("a page fault that only the shadow page tables call for, unseen by the guest"),
        PAGE_TABLE_WRITE("a store to a traced page table"),
        DIRTY_LOG_FAULT("the first store to a page in a round of dirty logging"),
        INTERRUPT_DELIVERY("a virtual interrupt that the VMM delivered"),
        PORT_IO("an access to a port of the virtual machine"),
        MEMORY_MAPPED_IO("an access to a memory-mapped device of the virtual machine"),
        HYPERCALL("a hypercall of a paravirtual guest; a list of them is one exit"),
        MULTICALL_ENTRY("one hypercall of a list, which enters the VMM once for all"),
        SYSTEM_CALL("a system call of a program, passed on to the kernel of a paravirtual guest"),
        PAGE_TABLE_UPDATE("an entry of a page table that a paravirtual guest changes by hypercall"),
        PAGE_TABLE_VALIDATION("a frame that becomes a page table of a paravirtual guest, or ceases to be one"),
        VM_EXIT("a VM exit of hardware assistance for another reason than those below and above"),
        EPT_VIOLATION("a VM exit because the extended page tables lacked a translation");

        private final String about;

        Exit(String about) {
            this.about = about;
        }

        /** What it is counted for: the end of a sentence. */
        public String about() {
            return about;
        }

        /** As in a cost model: {@code hidden-page-fault}. */
        public String written() {
            return Names.written(this);
        }
    }

    /** How a figure is known. */
    public enum Evidence {
        MEASURED,
        READ,
        RECALLED,
        DERIVED
    }

    private static final int MOST_TLB_ENTRIES = 2048;

    /** A number, how it is known, and from where. */
    public record Figure(BigDecimal value, Evidence evidence, String source) {}

    public CostModel {
        eventCycles = Collections.unmodifiableSortedMap(new TreeMap<>(eventCycles));
        exitCycles = Collections.unmodifiableSortedMap(new TreeMap<>(exitCycles));
    }

    /** The names of the models that come with Simvisor. */
    public static List<String> names() {
        return List.of("adams-agesen-2006", "barham-2003", "present-day");
    }

    /**
     * The model of that name among those that come with Simvisor.
     *
     * @throws IllegalArgumentException when there is none
     */
    public static CostModel load(String name) {
        String resource = "cost-models/" + name + ".conf";
        if (!Names.isName(name) || CostModel.class.getResource(resource) == null) {
            throw new IllegalArgumentException(
                    "no cost model \"" + name + "\"; expected one of " + String.join(", ", names()));
        }
        Section root = Section.ofResource(resource);
        CostModel model = new CostModel(
                name,
                root.text("description", "one line for the user"),
                root.scalar("clock", Frequency.EXPECTED, Frequency::parse),
                figure(root.section("cycles-per-instruction"), 3),
                tlbEntries(root),
                figures(root.section("events"), Event.class),
                exits(root.section("exits")));
        root.end();
        return model;
    }

    private static Figure tlbEntries(Section root) {
        Figure figure = figure(root.section("tlb-entries"), 0);
        long entries = figure.value().longValueExact();
        if (Long.bitCount(entries) != 1 || entries > MOST_TLB_ENTRIES) {
            throw root.error("tlb-entries", "is " + entries + "; expected a power of two up to " + MOST_TLB_ENTRIES);
        }
        return figure;
    }

    /** The CPI times 1000, so that charging stays within integers. */
    public long cyclesPerThousandInstructions() {
        return cyclesPerInstruction.value().movePointRight(3).longValueExact();
    }

    private static SortedMap<VirtualizationMode, SortedMap<Exit, Figure>> exits(Section section) {
        SortedMap<VirtualizationMode, SortedMap<Exit, Figure>> exits = new TreeMap<>();
        for (VirtualizationMode mode : VirtualizationMode.values()) {
            if (mode != VirtualizationMode.BARE) {
                section.optionalSection(mode.toString())
                        .ifPresent(figures -> exits.put(mode, figures(figures, Exit.class)));
            }
        }
        section.end();
        return exits;
    }

    private static <E extends Enum<E>> SortedMap<E, Figure> figures(Section section, Class<E> type) {
        SortedMap<E, Figure> figures = new TreeMap<>();
        for (E constant : type.getEnumConstants()) {
            section.optionalSection(Names.written(constant))
                    .ifPresent(figure -> figures.put(constant, figure(figure, 0)));
        }
        section.end();
        return Collections.unmodifiableSortedMap(figures);
    }

    private static Figure figure(Section section, int decimals) {
        String expected = decimals == 0 ? "a whole number" : "a number with at most " + decimals + " decimals";
        Figure figure = new Figure(
                section.scalar("value", expected + " above zero", text -> number(text, decimals)),
                section.choice("evidence", Evidence.class),
                section.text("source", "where the figure is from"));
        section.end();
        return figure;
    }

    private static BigDecimal number(String text, int decimals) {
        BigDecimal number = new BigDecimal(text);
        if (number.signum() <= 0 || number.stripTrailingZeros().scale() > decimals) {
            throw new IllegalArgumentException(text);
        }
        return number;
    }
}
