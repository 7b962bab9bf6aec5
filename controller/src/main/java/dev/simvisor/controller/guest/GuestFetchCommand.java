package dev.simvisor.controller.guest;

import dev.simvisor.config.Guest;
import dev.simvisor.config.InvalidConfigException;
import dev.simvisor.controller.progress.Progress;
import dev.simvisor.controller.progress.TerminalProgress;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simvisor guest fetch}. */
@Command(
        name = "fetch",
        description = "Downloads a guest's packages, verifies them, and puts what boots into the guest cache.",
        mixinStandardHelpOptions = true)
public final class GuestFetchCommand implements Callable<Integer> {
    private static final Path DEBIAN_KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "GUEST", description = "A name that simvisor guest list shows.")
    private String name = "";

    @Option(
            names = "--mirror",
            paramLabel = "URL",
            description = "A Debian mirror, such as https://mirror.example.org/debian. Default: this machine's apt.")
    private @Nullable URI mirror;

    @Option(
            names = "--keyring",
            paramLabel = "FILE",
            defaultValue = "/usr/share/keyrings/debian-archive-keyring.gpg",
            description = "The OpenPGP keys that vouch for the mirror's index. Default: ${DEFAULT-VALUE}.")
    private Path keyring = DEBIAN_KEYRING;

    @Option(names = "--allow-unsigned", description = "Take the mirror's index without checking its signature.")
    private boolean allowUnsigned;

    @Option(names = "--refresh", description = "Fetch again what is in the cache already.")
    private boolean refresh;

    @Mixin
    private CacheOption cacheOption = new CacheOption();

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try {
            out.println(fetch(cacheOption.cache()));
            return ExitCode.OK;
        } catch (GuestException | InvalidConfigException failed) {
            spec.commandLine().getErr().println("simvisor: " + failed.getMessage());
            return ExitCode.SOFTWARE;
        }
    }

    private String fetch(GuestCache cache) throws GuestException {
        return switch (cache.catalogue().find(name)) {
            case Guest.BuiltIn _ -> name + " is part of Simvisor; there is nothing to fetch";
            case Guest.Packaged packaged -> {
                if (cache.isCurrent(packaged) && !refresh) {
                    yield name + " is in the cache: " + cache.folderOf(packaged) + " (--refresh fetches it again)";
                }
                Progress progress = TerminalProgress.ofStandardError();
                new GuestFetch(cache, folder -> source(folder, packaged, progress), progress).fetch(packaged);
                yield name + " is ready: " + cache.folderOf(packaged);
            }
        };
    }

    private PackageSource source(Path folder, Guest.Packaged guest, Progress progress) throws GuestException {
        if (mirror != null) {
            return MirrorSource.open(checked(mirror), guest, trusted(), progress);
        }
        if (AptSource.available()) {
            return AptSource.open(folder, guest, progress);
        }
        throw new GuestException(
                "this machine has no apt-get; give a mirror with --mirror https://mirror.example.org/debian");
    }

    private static URI checked(URI mirror) throws GuestException {
        String scheme = mirror.getScheme();
        if (mirror.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
            throw new GuestException(
                    "--mirror " + mirror + ": expected an address such as https://mirror.example.org/debian");
        }
        return mirror;
    }

    private Optional<Keyring> trusted() throws GuestException {
        if (allowUnsigned) {
            return Optional.empty();
        }
        if (!Files.isReadable(keyring)) {
            throw new GuestException("cannot verify the mirror's index: no keyring at " + keyring
                    + "; install the package debian-archive-keyring, name the file with --keyring, or take the index"
                    + " unverified with --allow-unsigned");
        }
        return Optional.of(Keyring.read(keyring));
    }
}
