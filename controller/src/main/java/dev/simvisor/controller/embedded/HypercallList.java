package dev.simvisor.controller.embedded;

import dev.simvisor.node.vmm.para.hypercall.HypercallTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The hypercalls of the ABI that mode para speaks. */
public final class HypercallList {
    /**
     * One of them.
     *
     * @param available whether it does anything but answer ENOSYS
     * @param about what it does, in a line
     * @param operations those that there are, if it has several; others answer ENOSYS
     */
    public record Entry(int number, String name, boolean available, String about, List<String> operations) {}

    private HypercallList() {}

    /** All, by number. */
    public static List<Entry> all() {
        HypercallTable table = new HypercallTable(List.of());
        List<Entry> entries = new ArrayList<>();
        table.all()
                .forEach(call -> entries.add(new Entry(
                        call.number(), call.hypercallName(), true, call.about(), List.copyOf(call.operations()))));
        table.missing()
                .forEach((name, number) -> entries.add(new Entry(number, name, false, "answers ENOSYS", List.of())));
        entries.sort(Comparator.comparingInt(Entry::number));
        return entries;
    }
}
