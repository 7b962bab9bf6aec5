package dev.simvisor.node.vmm.mode;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A mode for guests that believe in a machine of their own: processor, board and devices. The machine's state says nothing of
 * the mode, so another host may carry the VM on in another one; which ones make the same virtual machine is the
 * configuration's to say.
 */
public sealed interface BoardMode extends VirtualizationMode permits BareMode, DeprivilegedMode, HardwareMode {
    /** Those that there are. */
    static List<BoardMode> available() {
        return List.of(BareMode.INSTANCE, DeprivilegedMode.TRAP, DeprivilegedMode.TRANSLATE, HardwareMode.INSTANCE);
    }

    /** The mode of that name, if it is one of these; empty means {@code bare}. */
    static Optional<BoardMode> named(String name) {
        return VirtualizationMode.named(name)
                .filter(BoardMode.class::isInstance)
                .map(BoardMode.class::cast);
    }

    /**
     * What runs the processors of a machine in this mode.
     *
     * @param processors makes the engine of the processor that executes the guest's instructions
     * @param costs what things take on the host
     * @param ledger counts and charges the exits of this one machine
     */
    EngineFactory engine(Function<Cpu, Engine> processors, HostCosts costs, ExitLedger ledger);
}
