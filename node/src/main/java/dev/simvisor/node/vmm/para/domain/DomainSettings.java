package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.cpu.CpuModel;

/**
 * What a domain is made of.
 *
 * @param memoryBytes most memory that it may have, which it has at boot
 * @param vcpus how many, 1 to 32
 * @param clockHertz virtual cycles per virtual second
 * @param timeOfDay at virtual time 0, in seconds since 1970
 */
public record DomainSettings(
        long memoryBytes,
        int vcpus,
        CpuModel cpuModel,
        long clockHertz,
        int cyclesPerThousandInstructions,
        long timeOfDay) {}
