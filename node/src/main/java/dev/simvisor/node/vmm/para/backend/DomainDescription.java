package dev.simvisor.node.vmm.para.backend;

/**
 * What the store says of a domain.
 *
 * @param domain its number
 * @param name what people call it
 * @param memoryKibibytes all that it has, and may have
 * @param storeFrame machine frame of the store's ring
 * @param storePort the guest's event channel to the store
 * @param consoleFrame machine frame of the console's ring
 * @param consolePort the guest's event channel to the console
 */
public record DomainDescription(
        int domain,
        String name,
        long memoryKibibytes,
        int vcpus,
        long storeFrame,
        int storePort,
        long consoleFrame,
        int consolePort) {}
