package dev.simvisor.controller.guest;

import dev.simvisor.config.Guest;
import dev.simvisor.controller.progress.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The machine's own apt, with its mirror and proxy, but on a state folder of ours: nothing of the system changes, a
 * foreign architecture needs no {@code dpkg --add-architecture}, and nobody needs to be root. apt checks the signature of
 * the index.
 */
final class AptSource implements PackageSource {
    private static final Path APT_GET = Path.of("/usr/bin/apt-get");
    private static final String APT_CACHE = "/usr/bin/apt-cache";
    private static final String DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /** apt.conf(5), APT::Status-Fd: {@code dlstatus:ITEM:PERCENT:TEXT}. */
    private static final Pattern DOWNLOAD_STATUS = Pattern.compile("dlstatus:\\d+:(\\d+)(?:\\.\\d+)?:.*");

    private final Path folder;
    private final List<String> options;

    private AptSource(Path folder, List<String> options) {
        this.folder = folder;
        this.options = List.copyOf(options);
    }

    static boolean available() {
        return Files.isExecutable(APT_GET);
    }

    /**
     * Downloads and checks the index of the guest's release from where this machine's apt has it.
     *
     * @param folder an empty folder for apt's state, which must live as long as this source
     */
    static AptSource open(Path folder, Guest.Packaged guest, Progress progress) throws GuestException {
        AptSource source = new AptSource(folder, options(folder, guest.architecture()));
        try {
            Files.createDirectories(folder.resolve("state/lists/partial"));
            Files.createDirectories(folder.resolve("cache/archives/partial"));
            Files.createFile(folder.resolve("status"));
            Files.writeString(folder.resolve("sources.list"), source.systemSource(guest));
        } catch (IOException failed) {
            throw new GuestException("cannot write below " + folder + ": " + failed.getMessage(), failed);
        }
        source.aptGet("package index", OptionalLong.empty(), folder, progress, "update");
        return source;
    }

    private static List<String> options(Path folder, String architecture) {
        List<String> options = new ArrayList<>();
        for (String option : List.of(
                "Dir::State=" + folder.resolve("state"),
                "Dir::State::status=" + folder.resolve("status"),
                "Dir::Cache=" + folder.resolve("cache"),
                "Dir::Etc::sourcelist=" + folder.resolve("sources.list"),
                "Dir::Etc::sourceparts=/dev/null",
                "APT::Architecture=" + architecture,
                "APT::Architectures::=" + architecture,
                // The unprivileged user that apt becomes when root starts it could not write into our folder.
                "APT::Sandbox::User=",
                "Acquire::Languages=none")) {
            options.addAll(List.of("-o", option));
        }
        return options;
    }

    /**
     * Where the machine's apt has the guest's release from, as a line of a sources.list; or has another release of Debian
     * from, as a mirror has them all.
     */
    private String systemSource(Guest.Packaged guest) throws GuestException {
        List<String> mirrors = mirrors("--no-release-info", "Release: " + guest.release());
        if (mirrors.isEmpty()) mirrors = mirrors("Origin: Debian", "Label: Debian");
        if (mirrors.isEmpty()) {
            throw new GuestException("apt on this machine has no source of Debian; give a mirror with"
                    + " --mirror https://mirror.example.org/debian");
        }
        String trust = Files.exists(Path.of(DEBIAN_KEYRING)) ? " signed-by=" + DEBIAN_KEYRING : "";
        return "deb [arch=" + guest.architecture() + trust + "] " + mirrors.getFirst() + " " + guest.release()
                + " main\n";
    }

    /** Of the machine's sources with a component main, those that {@code apt-get indextargets} finds to be so. */
    private List<String> mirrors(String... filters) throws GuestException {
        List<String> mirrors = new ArrayList<>();
        ToolRun.of(APT_GET.toString(), "indextargets", "--format", "$(REPO_URI)")
                .with("Created-By: Packages", "Component: main")
                .with(filters)
                .run(folder, mirrors::add);
        return mirrors;
    }

    @Override
    public DebianPackage find(String name) throws GuestException {
        List<String> lines = new ArrayList<>();
        ToolRun.of(APT_CACHE, "show").with(options).with(name).run(folder, lines::add);
        try (BufferedReader index = new BufferedReader(new StringReader(String.join("\n", lines)))) {
            return DebianPackage.find(name, index)
                    .orElseThrow(() -> new GuestException("apt's index has no package " + name));
        } catch (IOException impossible) {
            throw new AssertionError("a text in memory can be read", impossible);
        }
    }

    @Override
    public void download(DebianPackage entry, Path target, Progress progress) throws GuestException {
        Path downloads = folder.resolve("download-" + entry.name());
        try {
            Files.createDirectory(downloads);
            aptGet(
                    entry.name(),
                    OptionalLong.of(entry.size()),
                    downloads,
                    progress,
                    "download",
                    entry.name() + "=" + entry.version());
            Files.move(archiveIn(downloads), target);
        } catch (IOException failed) {
            throw new GuestException("cannot write " + target + ": " + failed.getMessage(), failed);
        }
    }

    private static Path archiveIn(Path downloads) throws IOException {
        try (Stream<Path> files = Files.list(downloads)) {
            return files.filter(file -> file.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("apt-get left no archive in " + downloads));
        }
    }

    private void aptGet(String task, OptionalLong bytes, Path workFolder, Progress progress, String... command)
            throws GuestException {
        try (Progress.Step step = progress.begin(task, bytes, Progress.Unit.BYTES)) {
            ToolRun.of(APT_GET.toString(), "-qq", "-o", "APT::Status-Fd=1")
                    .with(options)
                    .with(command)
                    .run(workFolder, line -> {
                        Matcher status = DOWNLOAD_STATUS.matcher(line);
                        if (status.matches() && bytes.isPresent()) {
                            step.at(bytes.getAsLong() * Long.parseLong(status.group(1)) / 100);
                        }
                    });
        }
    }

    @Override
    public String description() {
        return "apt";
    }
}
