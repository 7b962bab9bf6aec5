package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.system.Cpuid;

/** CPUID. */
public final class ProcessorIdentification {
    private ProcessorIdentification() {}

    public static void cpuid(Cpu cpu) {
        int leaf = cpu.reg32(RAX);
        int subleaf = cpu.reg32(RCX);
        cpu.reg32(RAX, Cpuid.value(cpu, leaf, subleaf, Cpuid.EAX));
        cpu.reg32(RBX, Cpuid.value(cpu, leaf, subleaf, Cpuid.EBX));
        cpu.reg32(RCX, Cpuid.value(cpu, leaf, subleaf, Cpuid.ECX));
        cpu.reg32(RDX, Cpuid.value(cpu, leaf, subleaf, Cpuid.EDX));
    }
}
