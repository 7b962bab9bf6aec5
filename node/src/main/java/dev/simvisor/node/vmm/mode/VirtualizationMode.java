package dev.simvisor.node.vmm.mode;

import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How the VMM keeps a guest's sensitive operations from touching what it owns. Chosen per VM. Modes fall into those that give a
 * guest a machine with a board, and the one whose guests know the VMM and have no board.
 */
public sealed interface VirtualizationMode permits BoardMode, ParavirtualMode {
    /** Every mode there is, in the words of the command line. No constant: a mode's class may be the first to be initialized. */
    static List<VirtualizationMode> available() {
        return Stream.concat(BoardMode.available().stream(), Stream.of(ParavirtualMode.INSTANCE))
                .toList();
    }

    /** The mode in the words of the command line. */
    String modeName();

    /** What exits of this mode take on a host. */
    default ExitLedger ledger(HostCosts costs) {
        return new ExitLedger(costs.exits(modeName()));
    }

    /** The mode of that name, empty meaning {@code bare}; nothing when there is no such mode. */
    static Optional<VirtualizationMode> named(String name) {
        String wanted = name.isEmpty() ? BareMode.INSTANCE.modeName() : name;
        return available().stream()
                .filter(mode -> mode.modeName().equals(wanted))
                .findFirst();
    }

    /** Why {@link #named} has nothing for the name: one line. */
    static String refusal(String name) {
        List<String> names =
                available().stream().map(VirtualizationMode::modeName).toList();
        return "unknown mode '" + name + "': expected one of " + String.join(", ", names);
    }
}
