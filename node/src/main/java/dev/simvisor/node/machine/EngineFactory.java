package dev.simvisor.node.machine;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
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
     * @param chargeEvent the same in the midst of an instruction, which is completed whatever else has become due
     */
    record Surroundings(GuestMemory memory, LongConsumer charge, LongConsumer chargeEvent) {}

    Engine engine(Cpu cpu, Surroundings surroundings);

    /** An engine that needs nothing but the processor. */
    static EngineFactory bare(Function<Cpu, Engine> engine) {
        return bare(engine, ProcessorCosts.NONE);
    }

    /** An engine that needs nothing but the processor, whose events take the time that {@code costs} says. */
    static EngineFactory bare(Function<Cpu, Engine> engine, ProcessorCosts costs) {
        return (cpu, surroundings) -> {
            cpu.chargeTo(costs, surroundings.chargeEvent());
            return engine.apply(cpu);
        };
    }
}
