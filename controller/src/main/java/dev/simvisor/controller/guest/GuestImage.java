package dev.simvisor.controller.guest;

import dev.simvisor.config.MemorySize;
import java.util.Optional;

/**
 * A guest ready to boot.
 *
 * @param name in the catalogue
 * @param kernel a Linux bzImage or a multiboot ELF
 * @param initrd the initramfs, when the guest has one
 * @param commandLine for the kernel when nobody says otherwise
 * @param paravirtualCommandLine the same in mode para
 * @param memory for the VM when nobody says otherwise
 */
public record GuestImage(
        String name,
        BootFile kernel,
        Optional<BootFile> initrd,
        String commandLine,
        String paravirtualCommandLine,
        MemorySize memory) {}
