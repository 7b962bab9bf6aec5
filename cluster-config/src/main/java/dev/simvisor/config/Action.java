package dev.simvisor.config;

import java.util.Optional;

/** Something an experiment does at a virtual time. */
public sealed interface Action {
    /** Since the beginning of the run. */
    VirtualDuration at();

    /**
     * Starts a VM.
     *
     * @param host where; empty leaves it to the placement
     */
    record Create(VirtualDuration at, VmDefinition vm, Optional<String> host) implements Action {}

    /**
     * Makes a second VM that goes on from the state of a first, which goes on, too.
     *
     * @param name of the second VM
     * @param host where; empty leaves it to the cluster, which prefers the first one's
     */
    record Clone(VirtualDuration at, String vm, String name, Optional<String> host) implements Action {}

    /**
     * Migrates a VM.
     *
     * @param target where to; empty leaves it to the placement
     */
    record Migrate(VirtualDuration at, String vm, Optional<String> target, MigrationSettings settings)
            implements Action {}

    /** Types a text on a VM's console; a line feed is the enter key. */
    record Type(VirtualDuration at, String vm, String text) implements Action {}

    /** Stops a VM's time, as far as it can see, until it is resumed. */
    record Pause(VirtualDuration at, String vm) implements Action {}

    /** Lets a paused VM go on. */
    record Resume(VirtualDuration at, String vm) implements Action {}

    /** Ends a VM. */
    record Stop(VirtualDuration at, String vm) implements Action {}

    /** Migrates all VMs of a host to others, which the placement chooses; it takes none from then on. */
    record DrainHost(VirtualDuration at, String host, MigrationSettings settings) implements Action {}

    /** Ends a host all of a sudden. */
    record FailHost(VirtualDuration at, String host) implements Action {}

    /** Brings a failed host up again, empty; a drained one takes VMs again. */
    record RecoverHost(VirtualDuration at, String host) implements Action {}

    /** Ends the run. */
    record End(VirtualDuration at) implements Action {}
}
