/**
 * What each virtualization mode costs: {@link dev.simvisor.controller.modecosts.ModeCostRun} runs the built-in guest's
 * nanobenchmarks in every mode on a machine of its own, {@link dev.simvisor.controller.modecosts.ModeCosts} has what came of
 * it, {@link dev.simvisor.controller.modecosts.ModeCostReport} and {@link dev.simvisor.controller.modecosts.ModeCostChart}
 * show it. Virtual time alone is measured, so that the same experiment gives the same bytes.
 */
@NullMarked
package dev.simvisor.controller.modecosts;

import org.jspecify.annotations.NullMarked;
