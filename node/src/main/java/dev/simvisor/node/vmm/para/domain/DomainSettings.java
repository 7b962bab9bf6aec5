package dev.simvisor.node.vmm.para.domain;

import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.vmm.para.abi.SharedInfo;

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
        long timeOfDay) {
    /** Those whose info fits into the shared info page. */
    public static final int MOST_VCPUS = SharedInfo.VCPUS;

    /** A domain of the size and speed of a machine with a board. */
    public static DomainSettings of(MachineConfiguration machine, int vcpus) {
        return new DomainSettings(
                machine.memoryBytes(),
                vcpus,
                machine.cpuModel(),
                machine.clockHertz(),
                machine.cyclesPerThousandInstructions(),
                machine.timeOfDay());
    }
}
