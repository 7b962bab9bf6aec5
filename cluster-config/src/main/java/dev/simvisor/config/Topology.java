package dev.simvisor.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/**
 * The physical cluster: racks of hosts and the links between them.
 *
 * @param seed of all that is random in a run
 * @param racks in the order written
 */
public record Topology(long seed, List<Rack> racks) {
    /**
     * Hosts behind one switch.
     *
     * @param uplink from the rack's switch to the spine; empty where the spine is as good as the switch
     */
    public record Rack(String name, Optional<Link> uplink, List<Host> hosts) {
        public Rack {
            hosts = List.copyOf(hosts);
        }
    }

    /**
     * A physical host.
     *
     * @param name unique in the topology
     * @param link to the rack's switch
     * @param node the node that carries it; empty leaves the choice to the controller
     */
    public record Host(String name, HostType type, Link link, Optional<String> node) {}

    private static final int MOST_OF_A_KIND = 100_000;

    public Topology {
        racks = List.copyOf(racks);
    }

    /**
     * Reads a topology.
     *
     * @throws InvalidConfigException when the file is none
     */
    public static Topology load(Path file) {
        return read(Section.ofFile(file));
    }

    /** A topology that comes with Simvisor: {@code demo} or {@code two-hosts}. */
    public static Topology shipped(String name) {
        return read(Section.ofResource("topologies/" + name + ".conf"));
    }

    /** All hosts, in the order written. */
    public List<Host> hosts() {
        return racks.stream().flatMap(rack -> rack.hosts().stream()).toList();
    }

    /** How far hosts may run ahead of each other: the smallest latency of a link. */
    public VirtualDuration lookahead() {
        return hosts().stream()
                .map(host -> host.link().latency())
                .min(VirtualDuration::compareTo)
                .orElseThrow();
    }

    private static Topology read(Section root) {
        SortedMap<String, HostType> types = HostType.loadWith(root);
        Set<String> names = new HashSet<>();
        List<Rack> racks = new ArrayList<>();
        for (Section rack : root.sections("racks")) {
            racks.add(rack(rack, types, names));
        }
        if (names.isEmpty()) {
            throw root.error("racks", "has no host; expected at least one");
        }
        Topology topology = new Topology(root.integer("seed", 0, Long.MAX_VALUE), racks);
        root.end();
        return topology;
    }

    private static Rack rack(Section section, Map<String, HostType> types, Set<String> names) {
        String name = section.scalar("name", Names.EXPECTED, Names::name);
        List<Host> hosts = new ArrayList<>();
        for (Section host : section.sections("hosts")) {
            addHosts(host, types, names, hosts);
        }
        Rack rack = new Rack(name, section.optionalSection("uplink").map(Link::read), hosts);
        section.end();
        return rack;
    }

    /** One host, or with {@code count} as many, named with a number behind. */
    private static void addHosts(Section section, Map<String, HostType> types, Set<String> names, List<Host> hosts) {
        String name = section.scalar("name", Names.EXPECTED, Names::name);
        HostType type = section.reference("type", types);
        Link link = section.optionalSection("link").map(Link::read).orElse(type.nic());
        Optional<String> node = section.optionalScalar("node", Names.EXPECTED, Names::name);
        Optional<Long> count = section.optionalInteger("count", 1, MOST_OF_A_KIND);
        for (long number = 1; number <= count.orElse(1L); number++) {
            Host host = new Host(count.isPresent() ? name + "-" + number : name, type, link, node);
            if (!names.add(host.name())) {
                throw section.error("name", "makes a second host " + host.name() + "; expected a name of its own");
            }
            hosts.add(host);
        }
        section.end();
    }
}
