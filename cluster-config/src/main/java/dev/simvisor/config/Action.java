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
     * Migrates a VM.
     *
     * @param target where to; empty leaves it to the placement
     */
    record Migrate(VirtualDuration at, String vm, Optional<String> target, MigrationSettings settings)
            implements Action {}

    /** Types a text on a VM's console; a line feed is the enter key. */
    record Type(VirtualDuration at, String vm, String text) implements Action {}

    /** Ends a host all of a sudden. */
    record FailHost(VirtualDuration at, String host) implements Action {}

    /** Ends the run. */
    record End(VirtualDuration at) implements Action {}
}
