package dev.simvisor.node.vmm.mode;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.function.Function;

/** No VMM in the way: the guest's kernel runs in ring 0 with its own page tables. The baseline of every comparison. */
public enum BareMode implements BoardMode {
    INSTANCE;

    @Override
    public String modeName() {
        return "bare";
    }

    @Override
    public EngineFactory engine(Function<Cpu, Engine> processors, HostCosts costs, ExitLedger ledger) {
        return EngineFactory.bare(processors, costs.processor());
    }
}
