package dev.simvisor.controller.benchmark;

import dev.simvisor.controller.benchmark.Work.Boot;
import dev.simvisor.controller.benchmark.Work.BuiltInLoad;
import dev.simvisor.controller.benchmark.Work.Group;
import dev.simvisor.controller.benchmark.Work.Load;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** All there is to time, and the choice among it. */
final class WorkCatalogue {
    /** Chooses everything. */
    static final String EVERYTHING = "all";

    /** What a VM takes of a JVM's memory. */
    static final String MEMORY = "memory";

    /** How ten VMs in one JVM do, beside one: with loads of all kinds, and booting Linux. */
    static final String TEN_VMS = "ten-vms";

    static final String TEN_LINUX_VMS = "ten-linux-vms";

    private static final Set<String> MEASUREMENTS = Set.of(MEMORY, TEN_VMS, TEN_LINUX_VMS);

    static final List<Work> ALL = all();

    private WorkCatalogue() {}

    private static List<Work> all() {
        List<Work> all = new ArrayList<>();
        compute(all, "mix", 1700, 20000);
        compute(all, "sieve", 1500, 1500);
        compute(all, "crc", 3000, 3000);
        compute(all, "gcd", 13000, 13000);
        compute(all, "powers", 7500, 22000);
        compute(all, "matrix", 2200, 2200);
        compute(all, "doubles", 670, 670);
        compute(all, "extended", 130, 130);
        compute(all, "text", 4500, 4500);
        compute(all, "copy", 10000, 10000);
        compute(all, "fill", 15000, 15000);
        compute(all, "scan", 9000, 9000);
        compute(all, "sort", 500, 500);
        compute(all, "hash", 4000, 4000);
        compute(all, "chase", 4200, 4200);
        compute(all, "fib", 3500, 3500);
        compute(all, "dispatch", 40000, 40000);
        compute(all, "interpret", 11000, 11000);
        compute(all, "rewrite", 130, 130);
        compute(all, "patch", 120, 120);
        kernel(all, "syscalls", 2200, 4800);
        kernel(all, "interrupts", 1800, 3000);
        kernel(all, "switches", 150, 150);
        kernel(all, "faults", 2000, 2000);
        kernel(all, "forks", 7500, 7500);
        all.add(new BuiltInLoad("syscalls", 1_000_000));
        all.add(new BuiltInLoad("switches", 200_000));
        all.add(new BuiltInLoad("pagefaults", 200_000));
        all.add(new BuiltInLoad("nanobench forkwait", 2000));
        all.add(new BuiltInLoad("sieve", 1500));
        all.add(new BuiltInLoad("fib", 36));
        all.add(new BuiltInLoad("sort", 400));
        all.add(new BuiltInLoad("interpret", 10_000));
        all.add(new Boot("debian-12-amd64", 64));
        all.add(new Boot("debian-12-i386", 32));
        all.add(new Boot("debian-13-amd64", 64));
        return List.copyOf(all);
    }

    private static void compute(List<Work> all, String load, int rounds32, int rounds64) {
        both(all, load, Group.COMPUTE, rounds32, rounds64);
    }

    private static void kernel(List<Work> all, String load, int rounds32, int rounds64) {
        both(all, load, Group.KERNEL, rounds32, rounds64);
    }

    private static void both(List<Work> all, String load, Group group, int rounds32, int rounds64) {
        all.add(new Load(load, 32, group, rounds32));
        all.add(new Load(load, 64, group, rounds64));
    }

    /**
     * What a list names, in the catalogue's order.
     *
     * @param list with commas between: {@code all}, groups, lines of the results, or loads in both widths
     */
    static List<Work> select(String list) throws BenchmarkException {
        List<String> wanted = listed(list);
        for (String word : wanted) {
            if (!MEASUREMENTS.contains(word)
                    && ALL.stream().noneMatch(work -> names(work).contains(word))) {
                throw new BenchmarkException("nothing to time is called '" + word + "': expected " + EVERYTHING
                        + ", or of " + String.join(", ", words()) + ", with commas between");
            }
        }
        return ALL.stream()
                .filter(work -> wanted.stream().anyMatch(names(work)::contains))
                .toList();
    }

    /** Whether a list names a measurement that is no comparison of emulators. */
    static boolean selects(String list, String measurement) {
        return listed(list).contains(EVERYTHING) || listed(list).contains(measurement);
    }

    private static List<String> listed(String list) {
        return Arrays.stream(list.split(",")).map(String::strip).toList();
    }

    private static Set<String> names(Work work) {
        String group = work.group().written;
        return switch (work) {
            case Load load -> Set.of(EVERYTHING, group, load.load(), load.name());
            case BuiltInLoad load -> Set.of(EVERYTHING, group, load.name());
            case Boot boot -> Set.of(EVERYTHING, group, boot.name());
        };
    }

    private static Set<String> words() {
        Set<String> words = new TreeSet<>(MEASUREMENTS);
        for (Work work : ALL) {
            words.add(work.group().written);
            words.add(work instanceof Load load ? load.load() : work.name());
        }
        return words;
    }
}
