package dev.simvisor.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/** Reads a scenario and holds its actions to what it defines: a VM is typed at only after it was created, and so on. */
final class ExperimentReader {
    private enum Kind {
        CREATE,
        CLONE,
        MIGRATE,
        TYPE,
        PAUSE,
        RESUME,
        STOP,
        DRAIN,
        FAIL,
        RECOVER,
        END
    }

    private static final String TOPOLOGY = "the path of a topology's file, from this one's folder";

    private final Section root;
    private final Path file;
    private final Map<String, VmDefinition> vms = new LinkedHashMap<>();
    private final Set<String> hosts = new HashSet<>();
    private final Set<String> created = new HashSet<>();
    private final SortedMap<String, VmType> types;

    ExperimentReader(Section root, Path file) {
        this.root = root;
        this.file = file;
        this.types = VmType.loadWith(root);
    }

    Experiment read() {
        Topology topology = topology();
        topology.hosts().forEach(host -> hosts.add(host.name()));
        readVms();
        List<Action> actions = actions();
        ArrivalReader arrivals =
                new ArrivalReader(file, types, vms.keySet(), actions.getLast().at());
        List<ArrivalProcess> processes =
                root.optionalSections("arrivals").stream().map(arrivals::read).toList();
        Optional<Metrics> metrics = root.optionalSection("metrics").map(Metrics::read);
        root.end();
        return new Experiment(topology, List.copyOf(vms.values()), actions, processes, metrics);
    }

    private Topology topology() {
        Topology topology = Topology.load(root.scalar("topology", TOPOLOGY, name -> {
            Path named = file.resolveSibling(name).normalize();
            if (!Files.isRegularFile(named)) {
                throw new IllegalArgumentException(name);
            }
            return named;
        }));
        return root.optionalInteger("seed", 0, Long.MAX_VALUE)
                .map(seed -> new Topology(seed, topology.racks()))
                .orElse(topology);
    }

    private void readVms() {
        for (Section section : root.optionalSections("vms")) {
            String name = section.scalar("name", Names.EXPECTED, Names::name);
            VmType type = section.reference("type", types).changedBy(section);
            section.end();
            if (vms.put(name, new VmDefinition(name, type)) != null) {
                throw section.error("name", "makes a second VM " + name + "; expected a name of its own");
            }
        }
    }

    private List<Action> actions() {
        List<Action> actions = new ArrayList<>();
        VirtualDuration last = VirtualDuration.ZERO;
        for (Section section : root.sections("actions")) {
            if (!actions.isEmpty() && actions.getLast() instanceof Action.End) {
                throw section.error("at", "comes after the end; expected end to be the last action");
            }
            VirtualDuration at = section.scalar("at", VirtualDuration.EXPECTED, VirtualDuration::parse);
            if (at.compareTo(last) < 0) {
                throw section.error("at", "is before the action above; expected rising times");
            }
            last = at;
            actions.add(action(section, at));
            section.end();
        }
        if (actions.isEmpty() || !(actions.getLast() instanceof Action.End)) {
            throw root.error("actions", "does not end; expected { at = ..., do = end } as the last action");
        }
        return actions;
    }

    private Action action(Section section, VirtualDuration at) {
        return switch (section.choice("do", Kind.class)) {
            case CREATE -> new Action.Create(at, newVm(section), host(section, "host"));
            case CLONE -> clone(section, at);
            case MIGRATE ->
                new Action.Migrate(at, createdVm(section), host(section, "to"), MigrationSettings.read(section));
            case TYPE -> new Action.Type(at, createdVm(section), section.scalar("text", "what to type", text -> text));
            case PAUSE -> new Action.Pause(at, createdVm(section));
            case RESUME -> new Action.Resume(at, createdVm(section));
            case STOP -> new Action.Stop(at, createdVm(section));
            case DRAIN -> new Action.DrainHost(at, host(section), MigrationSettings.read(section));
            case FAIL -> new Action.FailHost(at, host(section));
            case RECOVER -> new Action.RecoverHost(at, host(section));
            case END -> new Action.End(at);
        };
    }

    private VmDefinition newVm(Section section) {
        VmDefinition vm = section.reference("vm", vms);
        if (!created.add(vm.name())) {
            throw section.error("vm", "is \"" + vm.name() + "\", which was created above; expected another VM");
        }
        return vm;
    }

    /** The clone is a VM that later actions can name, as one that was created. */
    private Action clone(Section section, VirtualDuration at) {
        VmDefinition original = created(section);
        String name = section.scalar("as", Names.EXPECTED, Names::name);
        if (vms.put(name, new VmDefinition(name, original.type())) != null) {
            throw section.error("as", "makes a second VM " + name + "; expected a name of its own");
        }
        created.add(name);
        return new Action.Clone(at, original.name(), name, host(section, "host"));
    }

    private String createdVm(Section section) {
        return created(section).name();
    }

    private VmDefinition created(Section section) {
        VmDefinition vm = section.reference("vm", vms);
        if (!created.contains(vm.name())) {
            throw section.error("vm", "is \"" + vm.name() + "\", which no action above creates");
        }
        return vm;
    }

    private String host(Section section) {
        return host(section, "host").orElseThrow(() -> section.error("host", "is missing; expected a host"));
    }

    private Optional<String> host(Section section, String key) {
        return section.optionalScalar(key, "a host of the topology", name -> {
            if (!hosts.contains(name)) {
                throw new IllegalArgumentException(name);
            }
            return name;
        });
    }
}
