package dev.simvisor.node.machine;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.util.function.Function;
import java.util.function.LongConsumer;

/** Makes what runs a machine's processor: an engine on the processor itself, or a VMM that runs the guest on another one. */
@FunctionalInterface
public interface EngineFactory {
    /**
     * What a VMM needs beside the processor.
     *
     * @param memory the machine's memory, behind its p2m
     * @param charge advances the machine's clock by so many virtual cycles, in which the guest executes nothing
     */
    record Surroundings(GuestMemory memory, LongConsumer charge) {}

    Engine engine(Cpu cpu, Surroundings surroundings);

    /** An engine that needs nothing but the processor. */
    static EngineFactory bare(Function<Cpu, Engine> engine) {
        return (cpu, surroundings) -> engine.apply(cpu);
    }
}
