package dev.simvisor.controller.guest;

import dev.simvisor.config.Guest;
import dev.simvisor.config.GuestCatalogue;
import dev.simvisor.config.VirtualizationMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * The guests on this machine: a folder with one folder per fetched guest, each holding {@code vmlinuz} and {@code initrd}, or
 * {@code image} alone, and {@code packages.txt}, which says what it was made of. A guest's folder is there complete or not at all.
 */
public final class GuestCache {
    static final String KERNEL = "vmlinuz";
    static final String INITRD = "initrd";
    static final String IMAGE = "image";
    static final String PACKAGES = "packages.txt";

    private final GuestCatalogue catalogue;
    private final Path folder;

    public GuestCache(GuestCatalogue catalogue, Path folder) {
        this.catalogue = catalogue;
        this.folder = folder;
    }

    /**
     * Where the cache is unless the user names a folder: SIMVISOR_GUEST_CACHE, else simvisor/guests below XDG_CACHE_HOME,
     * else below ~/.cache (XDG Base Directory Specification).
     */
    public static Path defaultFolder(Map<String, String> environment) {
        return named(environment, "SIMVISOR_GUEST_CACHE")
                .or(() -> named(environment, "XDG_CACHE_HOME").map(cache -> cache.resolve("simvisor/guests")))
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache/simvisor/guests"));
    }

    private static Optional<Path> named(Map<String, String> environment, String variable) {
        return Optional.ofNullable(environment.get(variable))
                .filter(value -> !value.isBlank())
                .map(Path::of);
    }

    public GuestCatalogue catalogue() {
        return catalogue;
    }

    public Path folder() {
        return folder;
    }

    /** Whether the guest can be booted now. */
    public boolean holds(Guest guest) {
        return switch (guest) {
            case Guest.BuiltIn _ -> true;
            case Guest.Packaged packaged -> Files.isDirectory(folderOf(packaged));
        };
    }

    /** Whether the guest is there as it would be made today, of whichever packages. */
    boolean isCurrent(Guest.Packaged guest) throws GuestException {
        if (!holds(guest) || !(guest instanceof Guest.Debian debian)) {
            return holds(guest);
        }
        Path record = folderOf(guest).resolve(PACKAGES);
        try {
            return Files.readAllLines(record).contains(Initramfs.recipe(debian.modules()));
        } catch (IOException unreadable) {
            throw new GuestException("cannot read " + record + ": " + unreadable.getMessage(), unreadable);
        }
    }

    /** Where a fetched guest lies. */
    Path folderOf(Guest.Packaged guest) {
        return folder.resolve(guest.name());
    }

    /** The guest of that name, ready to boot on a PC. */
    public GuestImage resolve(String name) throws GuestException {
        return resolve(name, VirtualizationMode.BARE);
    }

    /**
     * The guest of that name, ready to boot in a mode.
     *
     * @throws dev.simvisor.config.InvalidConfigException when the catalogue has no such guest
     * @throws GuestException when it must be fetched first
     */
    public GuestImage resolve(String name, VirtualizationMode mode) throws GuestException {
        Guest guest = catalogue.find(name);
        if (!holds(guest)) {
            throw new GuestException(
                    "guest " + name + " is not in the cache " + folder + "; run: simvisor guest fetch " + name);
        }
        return switch (guest) {
            case Guest.BuiltIn builtIn ->
                image(builtIn, mode, new BootFile.Bundled(builtIn.image(mode)), Optional.empty());
            case Guest.DebianFile file ->
                image(file, mode, new BootFile.OnDisk(folderOf(file).resolve(IMAGE)), Optional.empty());
            case Guest.Debian debian ->
                image(
                        debian,
                        mode,
                        new BootFile.OnDisk(folderOf(debian).resolve(KERNEL)),
                        Optional.of(new BootFile.OnDisk(folderOf(debian).resolve(INITRD))));
        };
    }

    private static GuestImage image(Guest guest, VirtualizationMode mode, BootFile kernel, Optional<BootFile> initrd) {
        return new GuestImage(guest.name(), kernel, initrd, guest.commandLine(mode), guest.memory());
    }

    /** Fills the folder of a guest; what it leaves there is the guest. */
    @FunctionalInterface
    interface Filler {
        /**
         * Makes the guest.
         *
         * @param files an empty folder, which becomes the guest's
         * @param scratch an empty folder for anything else
         */
        void fill(Path files, Path scratch) throws GuestException, IOException;
    }

    /** Puts a guest into the cache, or leaves the cache as it was, also when the process is told to end meanwhile. */
    void install(Guest.Packaged guest, Filler filler) throws GuestException {
        try {
            Files.createDirectories(folder);
            // Beside the guests, so that the last step is a rename within one file system.
            try (WorkFolder work = WorkFolder.create(folder)) {
                Path files = Files.createDirectory(work.path().resolve("files"));
                filler.fill(files, Files.createDirectory(work.path().resolve("scratch")));
                replace(folderOf(guest), files, work.path().resolve("replaced"));
            }
        } catch (IOException failed) {
            throw new GuestException("cannot write to the guest cache " + folder + ": " + failed, failed);
        }
    }

    private static void replace(Path target, Path files, Path replaced) throws IOException {
        if (Files.exists(target)) {
            Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(files, target, StandardCopyOption.ATOMIC_MOVE);
    }
}
