package dev.simvisor.node.vmm.mode;

/**
 * Para-virtualization: the guest knows the VMM and calls it. Its machine is no board but a
 * {@link dev.simvisor.node.vmm.para.ParavirtualMachine}.
 */
public enum ParavirtualMode implements VirtualizationMode {
    INSTANCE;

    @Override
    public String modeName() {
        return "para";
    }
}
