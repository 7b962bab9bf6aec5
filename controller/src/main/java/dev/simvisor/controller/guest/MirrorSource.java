package dev.simvisor.controller.guest;

import dev.simvisor.config.Guest;
import dev.simvisor.controller.progress.Progress;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.tukaani.xz.XZInputStream;

/**
 * A Debian mirror over HTTP or HTTPS.
 *
 * <p>Trust goes down a chain: the keyring vouches for InRelease, InRelease for Packages, Packages for the archive.
 */
final class MirrorSource implements PackageSource {
    private final URI mirror;
    private final HttpDownload http;
    private final byte[] packagesXz;

    private MirrorSource(URI mirror, HttpDownload http, byte[] packagesXz) {
        this.mirror = mirror;
        this.http = http;
        this.packagesXz = packagesXz;
    }

    /**
     * Downloads and checks the indices for a guest.
     *
     * @param mirror the folder that has {@code dists} and {@code pool}
     * @param keyring empty to take the index unverified
     */
    static MirrorSource open(URI mirror, Guest.Packaged guest, Optional<Keyring> keyring, Progress progress)
            throws GuestException {
        URI root = URI.create(mirror.toString().replaceFirst("/*$", "/"));
        HttpDownload http = new HttpDownload();
        URI dist = root.resolve("dists/" + guest.release() + "/");
        ReleaseIndex release = release(http, dist.resolve("InRelease"), guest.release(), keyring, progress);

        String path = "main/binary-" + guest.architecture() + "/Packages.xz";
        URI packages = dist.resolve(path);
        ReleaseIndex.Entry expected = release.entries().get(path);
        if (expected == null) {
            throw new GuestException(dist.resolve("InRelease") + ": does not list " + path);
        }
        byte[] packagesXz = http.bytes(packages, progress);
        if (!Sha256.of(packagesXz).equals(expected.sha256())) {
            throw new GuestException(packages + ": SHA-256 differs from InRelease; try again or use another mirror");
        }
        return new MirrorSource(root, http, packagesXz);
    }

    private static ReleaseIndex release(
            HttpDownload http, URI uri, String codename, Optional<Keyring> keyring, Progress progress)
            throws GuestException {
        byte[] message = http.bytes(uri, progress);
        String text = keyring.isPresent()
                ? keyring.get().verifiedText(message, uri.toString())
                : Keyring.unverifiedText(message, uri.toString());
        ReleaseIndex release = ReleaseIndex.parse(text);
        // A good signature alone would let a mirror serve another release under this name.
        if (!release.codename().equals(codename)) {
            throw new GuestException(uri + ": is of release \"" + release.codename() + "\"; expected " + codename);
        }
        return release;
    }

    @Override
    public DebianPackage find(String name) throws GuestException {
        try (BufferedReader index = new BufferedReader(new InputStreamReader(
                new XZInputStream(new ByteArrayInputStream(packagesXz)), StandardCharsets.UTF_8))) {
            return DebianPackage.find(name, index)
                    .orElseThrow(() -> new GuestException("the index of " + mirror + " has no package " + name));
        } catch (IOException damaged) {
            throw new GuestException("damaged Packages.xz at " + mirror + ": " + damaged.getMessage(), damaged);
        }
    }

    @Override
    public void download(DebianPackage entry, Path target, Progress progress) throws GuestException {
        http.file(mirror.resolve(entry.path()), target, progress);
    }

    @Override
    public String description() {
        return mirror.toString();
    }
}
