package dev.simvisor.config;

/**
 * A VM of an experiment.
 *
 * @param name unique in the experiment
 * @param type what it is made of, with this VM's own wishes
 */
public record VmDefinition(String name, VmType type) {}
