package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** The generated dispatch loop. */
@FunctionalInterface
public interface BlockRunner {
    /**
     * Executes instructions from index {@code cpu.position} on, until it reaches {@code cpu.blockEnd}, which any of them may lower.
     * Leaves in {@code cpu.position} how many were completed; when one raises an exception, its index.
     */
    void run(Cpu cpu, Instruction[] instructions);
}
