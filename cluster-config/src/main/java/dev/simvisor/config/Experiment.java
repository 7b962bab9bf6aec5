package dev.simvisor.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A run that can be repeated: a cluster, its VMs, and what happens to them when.
 *
 * @param topology with the seed of the experiment when it gives one
 * @param vms all that some action creates or clones, in the order written, the clones last
 * @param actions by rising time; the last one, and no other, is {@link Action.End}
 * @param arrivals VMs that come by themselves besides, in the order written
 * @param metrics what is measured meanwhile; empty for nothing
 */
public record Experiment(
        Topology topology,
        List<VmDefinition> vms,
        List<Action> actions,
        List<ArrivalProcess> arrivals,
        Optional<Metrics> metrics) {
    public Experiment {
        vms = List.copyOf(vms);
        actions = List.copyOf(actions);
        arrivals = List.copyOf(arrivals);
    }

    /**
     * Reads a scenario. Its {@code topology} is a path relative to the scenario's file.
     *
     * @throws InvalidConfigException when the file or its topology is not valid
     */
    public static Experiment load(Path file) {
        return new ExperimentReader(Section.ofFile(file), file).read();
    }
}
