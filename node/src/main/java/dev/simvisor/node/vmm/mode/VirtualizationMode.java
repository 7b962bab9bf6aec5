package dev.simvisor.node.vmm.mode;

import java.util.List;
import java.util.Optional;

/** How the VMM keeps a guest's sensitive operations from touching what it owns. Chosen per VM, for its life. */
public sealed interface VirtualizationMode permits BareMode {
    /** Every mode there is to be, in the words of the command line. */
    List<String> NAMES = List.of("bare", "trap", "translate", "para", "hardware");

    /** The mode in the words of the command line. */
    String modeName();

    /** The mode of that name, empty meaning {@code bare}; nothing when this version has no such mode. */
    static Optional<VirtualizationMode> named(String name) {
        return name.isEmpty() || name.equals(BareMode.INSTANCE.modeName())
                ? Optional.of(BareMode.INSTANCE)
                : Optional.empty();
    }

    /** Why {@link #named} has nothing for the name: one line. */
    static String refusal(String name) {
        return NAMES.contains(name)
                ? "mode " + name + " is not available yet: expected bare"
                : "unknown mode '" + name + "': expected one of " + String.join(", ", NAMES);
    }
}
