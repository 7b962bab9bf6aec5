package dev.simvisor.node.vmm.mode;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.hardware.HardwareEngine;
import java.util.function.Function;

/** Hardware assistance: the guest's kernel runs in ring 0 of non-root operation, with nested paging. */
public enum HardwareMode implements BoardMode {
    INSTANCE;

    @Override
    public String modeName() {
        return "hardware";
    }

    @Override
    public EngineFactory engine(Function<Cpu, Engine> processors, HostCosts costs, ExitLedger ledger) {
        return (cpu, surroundings) -> new HardwareEngine(cpu, surroundings, costs.processor(), processors, ledger);
    }
}
