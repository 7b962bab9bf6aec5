package dev.simvisor.controller.benchmark;

import dev.simvisor.config.GuestCatalogue;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.guest.BootFile;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A guest as files that any emulator can be given.
 *
 * @param grubCommand how GRUB loads its kernel: {@code linux} or {@code multiboot}
 * @param commandLine for the kernel, without anything that GRUB would take for quoting
 */
record BenchmarkGuest(
        String name, String grubCommand, Path kernel, Optional<Path> initrd, String commandLine, int memoryMib) {

    /** A Linux of the catalogue, from the guest cache. */
    static BenchmarkGuest linux(String name, VirtualizationMode mode, Path folder)
            throws BenchmarkException, IOException {
        GuestImage image = resolve(name, mode);
        return of(image, "linux", image.commandLine(), folder);
    }

    /** The guest that comes with Simvisor. */
    static BenchmarkGuest builtIn(String commandLine, VirtualizationMode mode, Path folder)
            throws BenchmarkException, IOException {
        GuestImage image = resolve(Work.BuiltInLoad.GUEST, mode);
        return of(image, "multiboot", commandLine, folder.resolve(mode.toString()));
    }

    private static GuestImage resolve(String name, VirtualizationMode mode) throws BenchmarkException {
        try {
            return new GuestCache(GuestCatalogue.load(), GuestCache.defaultFolder(System.getenv())).resolve(name, mode);
        } catch (GuestException absent) {
            throw new BenchmarkException(absent.getMessage());
        }
    }

    private static BenchmarkGuest of(GuestImage image, String grubCommand, String commandLine, Path folder)
            throws IOException {
        Files.createDirectories(folder);
        Path kernel = write(image.kernel(), folder.resolve(image.name() + "-kernel"));
        Optional<Path> initrd = Optional.empty();
        if (image.initrd().isPresent()) {
            initrd = Optional.of(write(image.initrd().get(), folder.resolve(image.name() + "-initrd")));
        }
        int memoryMib = Math.toIntExact(image.memory().bytes() >> 20);
        return new BenchmarkGuest(image.name(), grubCommand, kernel, initrd, commandLine, memoryMib);
    }

    private static Path write(BootFile from, Path to) throws IOException {
        return Files.write(to, from.read());
    }
}
