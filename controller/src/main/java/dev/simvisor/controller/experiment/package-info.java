/**
 * Experiments: a scenario is run once, and what came of it is left in files that are the same, byte for byte, whenever and
 * wherever it is run again.
 *
 * <p>{@link dev.simvisor.controller.experiment.ExperimentRun} schedules the scenario's actions, and the arrivals that
 * {@link dev.simvisor.controller.experiment.ArrivalPlan} draws, at their virtual times on a
 * {@link dev.simvisor.controller.cluster.ClusterControl} and collects what happens in an {@link
 * dev.simvisor.controller.experiment.Outcome}; {@link dev.simvisor.controller.experiment.ResultFolder} writes it,
 * with a {@link dev.simvisor.controller.experiment.Summary} of what was measured. What is
 * measured by the wall's clock, and so differs from run to run, goes to a file of its own.
 */
@NullMarked
package dev.simvisor.controller.experiment;

import org.jspecify.annotations.NullMarked;
