package dev.simvisor.node.vmm.mode;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.vmm.deprivileged.DeprivilegedEngine;
import dev.simvisor.node.vmm.deprivileged.SensitiveInstructions;
import dev.simvisor.node.vmm.deprivileged.WatchedInstructions;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.Locale;
import java.util.function.Function;

/** The guest's kernel runs in ring 1, unmodified. What becomes of its critical instructions is all that tells these apart. */
public enum DeprivilegedMode implements BoardMode {
    /** Only what traps is emulated: critical instructions slip through and go wrong. */
    TRAP(WatchedInstructions.INSTANCE),
    /** Full virtualization: blocks of the kernel are translated, so that privileged and critical instructions call out. */
    TRANSLATE(SensitiveInstructions.INSTANCE);

    private final TranslationPass pass;

    DeprivilegedMode(TranslationPass pass) {
        this.pass = pass;
    }

    @Override
    public String modeName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public EngineFactory engine(Function<Cpu, Engine> processors, HostCosts costs, ExitLedger ledger) {
        return (cpu, surroundings) ->
                new DeprivilegedEngine(cpu, surroundings, pass, costs.processor(), processors, ledger);
    }
}
