package dev.simvisor.config;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A kind of VM, with every default filled in.
 *
 * @param guest what it runs
 * @param memory a multiple of 4 KiB, from 1 MiB on
 * @param givenCommandLine for the guest's kernel; empty for the guest's own
 * @param vcpus virtual processors
 * @param cpuModel empty for that of the host on which it is created
 * @param weight share of a contended processor relative to other VMs of the host
 * @param capPercent most of one processor, which its vCPUs share, that it may use; empty for no cap
 * @param onReboot what becomes of it when its guest reboots
 * @param network whether it has a card on the cluster's Ethernet
 */
public record VmType(
        String name,
        Guest guest,
        MemorySize memory,
        Optional<String> givenCommandLine,
        int vcpus,
        VirtualizationMode mode,
        Optional<String> cpuModel,
        int weight,
        Optional<Integer> capPercent,
        OnReboot onReboot,
        boolean network) {
    /** Of a VM's vCPUs with the host's scheduler. */
    public static final int MOST_WEIGHT = 65_535;

    /** The vCPUs of a VM share one processor, however many they are. */
    public static final int MOST_CAP_PERCENT = 100;

    private static final String KEY = "vm-types";
    /** As many as a machine has processors at most. */
    private static final int MOST_VCPUS = 32;

    /** Less holds no BIOS, and no machine has it. */
    private static final MemorySize LEAST_MEMORY = MemorySize.parse("1M");

    private static final int DEFAULT_WEIGHT = 256;

    /** The types that come with Simvisor, by name. */
    public static SortedMap<String, VmType> load() {
        Section root = Section.ofResource("catalogue/vm-types.conf");
        SortedMap<String, VmType> types = readAll(root);
        root.end();
        return types;
    }

    /** The types that come with Simvisor and those that {@code root} adds or redefines. */
    static SortedMap<String, VmType> loadWith(Section root) {
        SortedMap<String, VmType> types = new TreeMap<>(load());
        if (root.has(KEY)) {
            types.putAll(readAll(root));
        }
        return Collections.unmodifiableSortedMap(types);
    }

    private static SortedMap<String, VmType> readAll(Section root) {
        GuestCatalogue guests = GuestCatalogue.load();
        SortedMap<String, VmType> types = new TreeMap<>();
        root.namedSections(KEY).forEach((name, section) -> types.put(name, read(name, section, guests)));
        return Collections.unmodifiableSortedMap(types);
    }

    private static VmType read(String name, Section section, GuestCatalogue guests) {
        Guest guest = section.reference("guest", guests.guests());
        VmType plain = new VmType(
                name,
                guest,
                guest.memory(),
                Optional.empty(),
                1,
                VirtualizationMode.BARE,
                Optional.empty(),
                DEFAULT_WEIGHT,
                Optional.empty(),
                OnReboot.RESTART,
                false);
        VmType type = plain.changedBy(section);
        section.end();
        return type;
    }

    /** For the guest's kernel. */
    public String commandLine() {
        return givenCommandLine.orElseGet(() -> guest.commandLine(mode));
    }

    /** This type with what {@code section} says otherwise. */
    VmType changedBy(Section section) {
        return new VmType(
                name,
                guest,
                memory(section).orElse(memory),
                section.optionalScalar("command-line", "the kernel's command line", text -> text)
                        .or(() -> givenCommandLine),
                section.optionalInteger("vcpus", 1, MOST_VCPUS)
                        .map(Long::intValue)
                        .orElse(vcpus),
                section.optionalChoice("mode", VirtualizationMode.class).orElse(mode),
                section.optionalScalar("cpu-model", Names.EXPECTED, Names::name).or(() -> cpuModel),
                section.optionalInteger("weight", 1, MOST_WEIGHT)
                        .map(Long::intValue)
                        .orElse(weight),
                section.optionalInteger("cap", 1, MOST_CAP_PERCENT)
                        .map(Long::intValue)
                        .or(() -> capPercent),
                section.optionalChoice("on-reboot", OnReboot.class).orElse(onReboot),
                section.optionalFlag("network").orElse(network));
    }

    private static Optional<MemorySize> memory(Section section) {
        Optional<MemorySize> memory = section.optionalPages("memory");
        if (memory.isPresent() && memory.get().compareTo(LEAST_MEMORY) < 0) {
            throw section.error("memory", "is \"" + memory.get() + "\"; expected at least " + LEAST_MEMORY);
        }
        return memory;
    }
}
