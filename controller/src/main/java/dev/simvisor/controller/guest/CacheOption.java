package dev.simvisor.controller.guest;

import dev.simvisor.config.GuestCatalogue;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --cache}, for every command that uses the guest cache (picocli mixin). */
public final class CacheOption {
    @Option(
            names = "--cache",
            paramLabel = "FOLDER",
            description = "The guest cache. Default: $SIMVISOR_GUEST_CACHE, else $XDG_CACHE_HOME/simvisor/guests, else"
                    + " ~/.cache/simvisor/guests.")
    private @Nullable Path folder;

    /** The cache, with the catalogue that comes with Simvisor. */
    public GuestCache cache() {
        return new GuestCache(
                GuestCatalogue.load(), folder == null ? GuestCache.defaultFolder(System.getenv()) : folder);
    }
}
