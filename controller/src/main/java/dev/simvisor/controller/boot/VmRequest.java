package dev.simvisor.controller.boot;

import dev.simvisor.config.MemorySize;
import java.util.Optional;

/**
 * What is to be booted.
 *
 * @param kernel a Linux bzImage or a multiboot ELF
 * @param initrd its initial file system, or its module
 * @param cpuModel a name of the catalogue of processors; empty for the default
 * @param debugExit whether a write to port F4h ends the VM
 */
public record VmRequest(
        Image kernel,
        Optional<Image> initrd,
        String commandLine,
        MemorySize memory,
        String cpuModel,
        boolean debugExit) {
    /**
     * A file to boot from.
     *
     * @param name what messages call it
     */
    public record Image(String name, byte[] bytes) {}
}
