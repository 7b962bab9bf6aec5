package dev.simvisor.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/** Reads the arrival processes of a scenario. */
final class ArrivalReader {
    private static final String TRACE = "the path of a file of arrivals, from this one's folder";

    private final Path file;
    private final SortedMap<String, VmType> types;
    private final Set<String> vms;
    private final VirtualDuration end;
    private final Set<String> names = new HashSet<>();

    /**
     * @param file that the sections are of
     * @param types that arrivals can name
     * @param vms names of the scenario's other VMs
     * @param end of the scenario
     */
    ArrivalReader(Path file, SortedMap<String, VmType> types, Set<String> vms, VirtualDuration end) {
        this.file = file;
        this.types = types;
        this.vms = vms;
        this.end = end;
    }

    ArrivalProcess read(Section section) {
        String name = section.scalar("name", Names.EXPECTED, Names::name);
        if (!Names.isName(name + "-" + ArrivalProcess.MOST_ARRIVALS)) {
            throw section.error("name", "is too long for a number behind it; expected a shorter name");
        }
        if (!names.add(name)) {
            throw section.error("name", "makes a second process " + name + "; expected a name of its own");
        }
        ArrivalProcess process = new ArrivalProcess(
                name,
                section.has("trace") ? trace(section) : drawn(section),
                section.optionalScalar("text", "what to type", text -> text),
                section.optionalScalar("patience", Distribution.EXPECTED, Distribution::positive)
                        .orElse(VirtualDuration.ZERO));
        section.end();
        for (String vm : vms) {
            if (process.mayHave(vm)) {
                throw section.error(
                        "name",
                        "makes VMs " + name + "-1 and so on, and " + vm + " is one above; expected another name");
            }
        }
        return process;
    }

    private ArrivalProcess.Source drawn(Section section) {
        VmType type = section.reference("type", types);
        Distribution interarrival = Distribution.read(section.section("interarrival"));
        Optional<Distribution> lifetime = section.optionalSection("lifetime").map(Distribution::read);
        VirtualDuration from = section.optionalScalar("from", VirtualDuration.EXPECTED, VirtualDuration::parse)
                .orElse(VirtualDuration.ZERO);
        VirtualDuration until = section.optionalScalar("until", VirtualDuration.EXPECTED, VirtualDuration::parse)
                .orElse(end);
        if (from.compareTo(until) >= 0) {
            throw section.error("from", "is not before " + until + ", when the process ends; expected an earlier time");
        }
        if (until.compareTo(end) > 0) {
            throw section.error("until", "is after the end of the scenario, " + end + "; expected a time before it");
        }
        return new ArrivalProcess.Source.Drawn(
                type,
                interarrival,
                lifetime,
                from,
                until,
                section.optionalInteger("count", 1, ArrivalProcess.MOST_ARRIVALS)
                        .map(Long::intValue));
    }

    private ArrivalProcess.Source trace(Section section) {
        Path trace = section.scalar("trace", TRACE, name -> {
            Path named = file.resolveSibling(name).normalize();
            if (!Files.isRegularFile(named)) {
                throw new IllegalArgumentException(name);
            }
            return named;
        });
        return new ArrivalTrace(trace, types).read();
    }
}
