package dev.simvisor.config;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A kind of physical host.
 *
 * @param pcpus physical processors
 * @param memory machine memory, a multiple of 4 KiB up to {@link #MOST_MEMORY}
 * @param clock of the processors
 * @param cpuModel what the processors are; empty for the default model
 * @param modes what virtualization the processors support; not empty
 * @param nic the link to the rack's switch
 * @param costModel what cycles are charged by; empty where an instruction takes a cycle and nothing else takes time
 * @param power what it draws; empty where nobody knows
 * @param pageSharing the time from one look for pages of equal contents, which VMs then share, to the next; empty for none
 */
public record HostType(
        String name,
        String description,
        int pcpus,
        MemorySize memory,
        Frequency clock,
        Optional<String> cpuModel,
        List<VirtualizationMode> modes,
        Link nic,
        Optional<CostModel> costModel,
        Optional<PowerModel> power,
        Optional<VirtualDuration> pageSharing) {
    /** Frames of 4 KiB are counted by an int: a little less than 2^31 of them. */
    public static final MemorySize MOST_MEMORY = MemorySize.parse("8191G");

    private static final String KEY = "host-types";
    private static final int MOST_PCPUS = 1024;

    public HostType {
        modes = List.copyOf(modes);
    }

    /** The types that come with Simvisor, by name. */
    public static SortedMap<String, HostType> load() {
        Section root = Section.ofResource("catalogue/host-types.conf");
        SortedMap<String, HostType> types = readAll(root);
        root.end();
        return types;
    }

    /** The types that come with Simvisor and those that {@code root} adds or redefines. */
    static SortedMap<String, HostType> loadWith(Section root) {
        SortedMap<String, HostType> types = new TreeMap<>(load());
        if (root.has(KEY)) {
            types.putAll(readAll(root));
        }
        return Collections.unmodifiableSortedMap(types);
    }

    private static SortedMap<String, HostType> readAll(Section root) {
        SortedMap<String, HostType> types = new TreeMap<>();
        root.namedSections(KEY).forEach((name, section) -> types.put(name, read(name, section)));
        return Collections.unmodifiableSortedMap(types);
    }

    private static HostType read(String name, Section section) {
        HostType type = new HostType(
                name,
                section.text("description", "one line for the user"),
                (int) section.integer("pcpus", 1, MOST_PCPUS),
                section.pages("memory"),
                section.scalar("clock", Frequency.EXPECTED, Frequency::parse),
                section.optionalScalar("cpu-model", Names.EXPECTED, Names::name),
                section.choices("modes", VirtualizationMode.class),
                Link.read(section.section("nic")),
                section.optionalScalar("cost-model", "one of " + String.join(", ", CostModel.names()), CostModel::load),
                section.optionalSection("power").map(PowerModel::read),
                section.optionalScalar(
                        "page-sharing", VirtualDuration.INTERVAL_EXPECTED, VirtualDuration::parseInterval));
        if (type.modes().isEmpty()) {
            throw section.error("modes", "is empty; expected at least bare");
        }
        if (type.memory().compareTo(MOST_MEMORY) > 0) {
            throw section.error("memory", "is \"" + type.memory() + "\"; expected at most " + MOST_MEMORY);
        }
        section.end();
        return type;
    }
}
