package dev.simvisor.node.vmm.mode;

/** No VMM in the way: the guest's kernel runs in ring 0 with its own page tables. The baseline of every comparison. */
public enum BareMode implements VirtualizationMode {
    INSTANCE;

    @Override
    public String modeName() {
        return "bare";
    }
}
