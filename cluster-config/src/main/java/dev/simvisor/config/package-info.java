/**
 * What a simulation is made of, read from HOCON into immutable records: the catalogue of guests and types, topologies,
 * cost models and experiments.
 *
 * <p>Start at {@link dev.simvisor.config.Experiment} and {@link dev.simvisor.config.Topology}; {@link
 * dev.simvisor.config.GuestCatalogue}, {@link dev.simvisor.config.HostType} and {@link dev.simvisor.config.VmType} are what
 * these name. Reading is strict: a missing or unknown field, a wrong type or
 * a bad unit is one {@link dev.simvisor.config.InvalidConfigException} with file, line, field and what was expected. This
 * package knows Typesafe Config and nothing else of Simvisor; what the records mean is decided by those who use them.
 */
@NullMarked
package dev.simvisor.config;

import org.jspecify.annotations.NullMarked;
