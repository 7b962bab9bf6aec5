package dev.simvisor.controller.experiment;

import dev.simvisor.config.VmType;
import java.util.OptionalLong;

/**
 * A VM that is going to come to the cluster.
 *
 * @param vm its name
 * @param process name of the arrival process
 * @param lifetimeNanos from when it is placed; empty is until its guest ends
 * @param text typed on its console when it has been placed; empty for none
 * @param patienceNanos how long it waits for room before it is refused
 */
public record PlannedArrival(
        String vm,
        String process,
        VmType type,
        long atNanos,
        OptionalLong lifetimeNanos,
        String text,
        long patienceNanos) {}
