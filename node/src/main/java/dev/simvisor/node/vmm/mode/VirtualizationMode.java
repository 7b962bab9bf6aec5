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
 * How the VMM keeps a guest's sensitive operations from touching what it owns. Chosen per VM. A machine's state says nothing of
 * it, so another host may carry the VM on in another mode; which ones make the same virtual machine is the configuration's to
 * say.
 */
public sealed interface VirtualizationMode permits BareMode, DeprivilegedMode, HardwareMode {
    /** Every mode there is to be, in the words of the command line. */
    List<String> NAMES = List.of("bare", "trap", "translate", "para", "hardware");

    /** Those that there are. No constant: a mode's class may be the first to be initialized, and would find itself missing. */
    static List<VirtualizationMode> available() {
        return List.of(BareMode.INSTANCE, DeprivilegedMode.TRAP, DeprivilegedMode.TRANSLATE, HardwareMode.INSTANCE);
    }

    /** The mode in the words of the command line. */
    String modeName();

    /**
     * What runs a machine's processor in this mode.
     *
     * @param processors makes the engine of the processor that executes the guest's instructions
     * @param costs what things take on the host
     * @param ledger counts and charges the exits of this one machine
     */
    EngineFactory engine(Function<Cpu, Engine> processors, HostCosts costs, ExitLedger ledger);

    /** What exits of this mode take on a host. */
    default ExitLedger ledger(HostCosts costs) {
        return new ExitLedger(costs.exits(modeName()));
    }

    /** The mode of that name, empty meaning {@code bare}; nothing when this version has no such mode. */
    static Optional<VirtualizationMode> named(String name) {
        String wanted = name.isEmpty() ? BareMode.INSTANCE.modeName() : name;
        return available().stream()
                .filter(mode -> mode.modeName().equals(wanted))
                .findFirst();
    }

    /** Why {@link #named} has nothing for the name: one line. */
    static String refusal(String name) {
        List<String> available =
                available().stream().map(VirtualizationMode::modeName).toList();
        return NAMES.contains(name)
                ? "mode " + name + " is not available yet: expected one of " + String.join(", ", available)
                : "unknown mode '" + name + "': expected one of " + String.join(", ", NAMES);
    }
}
