package dev.simvisor.controller.boot;

import dev.simvisor.config.CostModel;
import dev.simvisor.config.MemorySize;
import dev.simvisor.config.OnReboot;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What is to be booted.
 *
 * @param source what it starts from
 * @param disks raw images, in the order of their slots
 * @param cpus how many processors
 * @param mode the virtualization mode, in the words of the command line
 * @param cpuModel a name of the catalogue of processors; empty for the default
 * @param costModel what things take; empty where an instruction takes a cycle and nothing else takes time
 * @param debugExit whether a write to port F4h ends the VM
 * @param onReboot what becomes of the VM when its guest asks for a reset
 * @param engine what executes its instructions
 * @param symbols names of its code, if a file has some; else those in a kernel's own count
 */
public record VmRequest(
        Source source,
        MemorySize memory,
        List<Path> disks,
        int cpus,
        String mode,
        String cpuModel,
        Optional<CostModel> costModel,
        boolean debugExit,
        OnReboot onReboot,
        EngineChoice engine,
        Optional<Image> symbols) {
    public VmRequest {
        disks = List.copyOf(disks);
    }

    /** What a VM starts from. */
    public sealed interface Source {}

    /**
     * A kernel, loaded as its boot protocol asks.
     *
     * @param image a Linux bzImage or a multiboot ELF; in mode para a bzImage or an ELF with Xen's notes
     * @param initrd its initial file system, or its module
     */
    public record Kernel(Image image, Optional<Image> initrd, String commandLine) implements Source {}

    /** A firmware image, at the top of 4 GiB. */
    public record Firmware(Image image) implements Source {}

    /**
     * A file to boot from.
     *
     * @param name what messages call it
     */
    public record Image(String name, byte[] bytes) {}
}
