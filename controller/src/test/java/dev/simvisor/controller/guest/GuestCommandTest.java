package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.simvisor.config.GuestCatalogue;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GuestCommandTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private TinyMirror mirror;
    private Path keyring;

    @BeforeEach
    void startMirror() throws Exception {
        SigningKey key = SigningKey.generate();
        keyring = key.writeKeyring(folder.resolve("keys.gpg"));
        mirror = new TinyMirror(key);
    }

    @AfterEach
    void stopMirror() {
        mirror.close();
    }

    @Test
    void fetchedGuestCanBeResolved() throws Exception {
        assertThat(fetch("debian-12-amd64")).as(err.toString()).isZero();
        GuestImage image = cache().resolve("debian-12-amd64");
        assertThat(image.kernel().read()).isEqualTo("kernel".getBytes(StandardCharsets.UTF_8));
        assertThat(image.initrd()).isPresent();
        assertThat(new String(image.initrd().get().read(), StandardCharsets.ISO_8859_1))
                .startsWith("070701")
                .contains("virtio_pci.ko: virtio.ko\n", "alias xen_netfront:* xen_netfront\n")
                .doesNotContain("noise");
        assertThat(image.commandLine()).isEqualTo("console=ttyS0");
        assertThat(Files.readString(cacheFolder().resolve("debian-12-amd64/packages.txt")))
                .startsWith("kernel 6.1.0-50-amd64\nlinux-image-6.1.0-50-amd64 1 sha256:");
        assertThat(cached()).containsExactly("debian-12-amd64");
    }

    @Test
    void aFileOfAPackageIsFetchedAsItIs() throws Exception {
        assertThat(fetch("grub-xen")).as(err.toString()).isZero();
        GuestImage image = cache().resolve("grub-xen");
        assertThat(image.kernel().read()).isEqualTo("grub".getBytes(StandardCharsets.UTF_8));
        assertThat(image.initrd()).isEmpty();
        assertThat(Files.readString(cacheFolder().resolve("grub-xen/packages.txt")))
                .startsWith("grub-xen-host 1 sha256:");
    }

    @Test
    void aPackageWithoutTheFileIsRefused() throws Exception {
        mirror.replace("grub-xen-host", Deb.gz(Map.of("usr/share/doc", new byte[1])));
        assertThat(fetch("grub-xen")).isEqualTo(1);
        assertThat(err.toString())
                .endsWith("grub-xen-host.deb: no usr/lib/grub-xen/grub-x86_64-xen.bin in the package\n");
        assertThat(cached()).isEmpty();
    }

    @Test
    void fetchingAgainGivesTheSameBytes() throws Exception {
        fetch("debian-12-amd64");
        byte[] first = Files.readAllBytes(cacheFolder().resolve("debian-12-amd64/initrd"));
        assertThat(fetch("debian-12-amd64", "--refresh")).isZero();
        assertThat(cacheFolder().resolve("debian-12-amd64/initrd")).hasBinaryContent(first);
        assertThat(cached()).containsExactly("debian-12-amd64");
    }

    @Test
    void guestThatIsThereIsNotFetchedAgain() {
        fetch("debian-12-amd64");
        mirror.close();
        assertThat(fetch("debian-12-amd64")).isZero();
        assertThat(out.toString()).contains("debian-12-amd64 is in the cache: ");
    }

    @Test
    void guestThatWouldBeMadeOtherwiseTodayIsFetchedAgain() throws Exception {
        fetch("debian-12-amd64");
        Path record = cacheFolder().resolve("debian-12-amd64/packages.txt");
        String made = Files.readString(record);
        Files.writeString(record, made.replaceAll("initramfs .*\n", ""));
        assertThat(fetch("debian-12-amd64")).isZero();
        assertThat(record).hasContent(made);
    }

    @Test
    void changedArchiveIsRefusedAndLeavesNothing() throws Exception {
        mirror.files.get(TinyMirror.KERNEL_DEB)[70] ^= 1;
        assertFailure("pool/linux-image-6.1.0-50-amd64.deb of http://127.0.0.1:\\d+/debian/: size or SHA-256 differs"
                + " from the index; try again or use another mirror");
    }

    @Test
    void changedIndexIsRefusedAndLeavesNothing() throws Exception {
        mirror.files.get(TinyMirror.PACKAGES)[20] ^= 1;
        assertFailure("http://.*/Packages.xz: SHA-256 differs from InRelease; try again or use another mirror");
    }

    @Test
    void anotherReleaseUnderThisNameIsRefused() throws Exception {
        mirror.publish("buster");
        assertFailure("http://.*/InRelease: is of release \"buster\"; expected bookworm");
    }

    @Test
    void unsignedIndexIsRefusedUnlessAllowed() throws Exception {
        Files.delete(keyring);
        assertFailure("cannot verify the mirror's index: no keyring at .*keys.gpg; install .*");
        assertThat(fetch("debian-12-amd64", "--allow-unsigned")).isZero();
    }

    @Test
    void missingFileOnTheMirrorIsNamed() throws Exception {
        mirror.files.remove(TinyMirror.KERNEL_DEB);
        assertFailure("http://.*/pool/linux-image-6.1.0-50-amd64.deb: the mirror answers 404; .*");
    }

    @Test
    void architectureThatTheMirrorLacksIsNamed() throws Exception {
        assertThat(fetch("debian-12-i386")).isEqualTo(1);
        assertThat(err.toString()).endsWith("InRelease: does not list main/binary-i386/Packages.xz\n");
    }

    @Test
    void whatAKilledFetchLeftIsRemovedByTheNext() throws Exception {
        long deadPid = (1L << 22) + 1; // above the kernel's PID_MAX_LIMIT
        Path left = Files.createDirectories(cacheFolder().resolve(".fetch-" + deadPid + "-1/scratch"));
        Files.writeString(left.resolve("half.deb"), "half");
        fetch("debian-12-amd64");
        assertThat(cached()).containsExactly("debian-12-amd64");
    }

    @Test
    void unknownGuestIsRefusedWithTheNamesThereAre() {
        assertThat(fetch("plan9")).isEqualTo(1);
        assertThat(err)
                .hasToString("simvisor: unknown guest \"plan9\"; expected one of builtin, debian-12-amd64,"
                        + " debian-12-i386, debian-13-amd64, grub-xen\n");
    }

    @Test
    void addressThatIsNoMirrorIsRefused() {
        assertThat(run(
                        "fetch",
                        "debian-12-amd64",
                        "--mirror",
                        "ftp://x",
                        "--cache",
                        cacheFolder().toString()))
                .isEqualTo(1);
        assertThat(err)
                .hasToString(
                        "simvisor: --mirror ftp://x: expected an address such as https://mirror.example.org/debian\n");
    }

    @Test
    void builtInGuestIsThereWithoutBeingFetched() throws Exception {
        GuestImage image = cache().resolve("builtin");
        assertThat(image.kernel().read()).startsWith(0x7f, 'E', 'L', 'F');
        assertThat(image.initrd()).isEmpty();
    }

    @Test
    void resolvingAGuestThatIsNotThereSaysHowToFetchIt() {
        assertThatThrownBy(() -> cache().resolve("debian-12-i386"))
                .isInstanceOf(GuestException.class)
                .hasMessage("guest debian-12-i386 is not in the cache " + cacheFolder()
                        + "; run: simvisor guest fetch debian-12-i386");
    }

    @Test
    void listShowsWhatIsFetched() {
        fetch("debian-12-amd64");
        run("list", "--cache", cacheFolder().toString());
        assertThat(out.toString().lines())
                .anyMatch(line -> line.matches("builtin +built in +64M +.*"))
                .anyMatch(line -> line.matches("debian-12-amd64 +fetched +256M +.*"))
                .anyMatch(line -> line.matches("debian-12-i386 +not fetched +256M +.*"))
                .anyMatch(line -> line.matches("grub-xen +not fetched +256M +.*"));
    }

    @Test
    void listAsJsonHasOneObjectPerGuest() {
        run("list", "--output", "json", "--cache", cacheFolder().toString());
        assertThat(ConfigFactory.parseString("guests = " + out).getConfigList("guests").stream()
                        .map(guest -> guest.getString("name") + " " + guest.getString("status")))
                .containsExactly(
                        "builtin built in",
                        "debian-12-amd64 not fetched",
                        "debian-12-i386 not fetched",
                        "debian-13-amd64 not fetched",
                        "grub-xen not fetched");
    }

    @Test
    void environmentNamesTheCacheBeforeXdgAndHome() {
        assertThat(GuestCache.defaultFolder(Map.of("SIMVISOR_GUEST_CACHE", "/a", "XDG_CACHE_HOME", "/b")))
                .isEqualTo(Path.of("/a"));
        assertThat(GuestCache.defaultFolder(Map.of("XDG_CACHE_HOME", "/b"))).isEqualTo(Path.of("/b/simvisor/guests"));
        assertThat(GuestCache.defaultFolder(Map.of()).toString()).endsWith("/.cache/simvisor/guests");
    }

    private void assertFailure(String message) throws IOException {
        assertThat(fetch("debian-12-amd64")).isEqualTo(1);
        assertThat(err.toString()).matches("simvisor: " + message + "\n");
        assertThat(cached()).isEmpty();
    }

    private GuestCache cache() {
        return new GuestCache(GuestCatalogue.load(), cacheFolder());
    }

    private Path cacheFolder() {
        return folder.resolve("cache");
    }

    private List<String> cached() throws IOException {
        try (Stream<Path> files = Files.list(cacheFolder())) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private int fetch(String guest, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "fetch",
                guest,
                "--mirror",
                mirror.uri().toString(),
                "--keyring",
                keyring.toString(),
                "--cache",
                cacheFolder().toString()));
        arguments.addAll(List.of(more));
        return run(arguments.toArray(String[]::new));
    }

    private int run(String... arguments) {
        return new CommandLine(new GuestCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
