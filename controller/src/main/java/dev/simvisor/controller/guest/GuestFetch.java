package dev.simvisor.controller.guest;

import dev.simvisor.config.Guest;
import dev.simvisor.controller.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tukaani.xz.SingleXZInputStream;

/** Makes a guest of Debian's packages: downloads and checks them, and puts what boots into the cache. */
final class GuestFetch {
    /** Opens the source of packages, given an empty folder that lives as long as the source. */
    @FunctionalInterface
    interface Opener {
        PackageSource open(Path folder) throws GuestException;
    }

    private static final Pattern KERNEL_IMAGE = Pattern.compile("boot/vmlinuz-.+");
    private static final Pattern MODULE = Pattern.compile("(?:usr/)?lib/modules/([^/]+)/(?:.+/)?([^/]+\\.ko)(\\.xz)?");
    private static final Pattern BUSYBOX = Pattern.compile("(?:usr/)?bin/busybox");

    private final GuestCache cache;
    private final Opener opener;
    private final Progress progress;

    GuestFetch(GuestCache cache, Opener opener, Progress progress) {
        this.cache = cache;
        this.opener = opener;
        this.progress = progress;
    }

    /** Fetches the guest and puts it into the cache, in place of an earlier one. */
    void fetch(Guest.Packaged guest) throws GuestException {
        cache.install(guest, (files, scratch) -> {
            PackageSource source = opener.open(Files.createDirectory(scratch.resolve("source")));
            switch (guest) {
                case Guest.Debian debian -> packKernel(source, debian, files, scratch);
                case Guest.DebianFile file -> takeFile(source, file, files, scratch);
            }
        });
    }

    private void takeFile(PackageSource source, Guest.DebianFile guest, Path files, Path scratch)
            throws GuestException, IOException {
        DebianPackage entry = source.find(guest.packageName());
        Path deb = download(source, entry, scratch);
        Path image = files.resolve(GuestCache.IMAGE);
        new DebArchive(deb).visit(Progress.NO_STEP, (path, content) -> {
            if (path.equals(guest.file())) {
                Files.copy(content, image);
            }
        });
        if (!Files.exists(image)) {
            throw new GuestException(deb.getFileName() + ": no " + guest.file() + " in the package");
        }
        Files.writeString(files.resolve(GuestCache.PACKAGES), provenance(entry));
    }

    private void packKernel(PackageSource source, Guest.Debian guest, Path files, Path scratch)
            throws GuestException, IOException {
        DebianPackage kernel = source.find(kernelImagePackage(source, guest));
        DebianPackage busybox = source.find(guest.busyboxPackage());

        Path kernelDeb = download(source, kernel, scratch);
        Path busyboxDeb = download(source, busybox, scratch);
        String release = unpackKernel(kernelDeb, guest, files, scratch, program(busyboxDeb));
        Files.writeString(
                files.resolve(GuestCache.PACKAGES),
                "kernel " + release + "\n" + provenance(kernel, busybox) + Initramfs.recipe(guest.modules()) + "\n");
    }

    /** A package such as linux-image-amd64 is empty and depends on the kernel of the day. */
    private static String kernelImagePackage(PackageSource source, Guest.Debian guest) throws GuestException {
        return source.find(guest.kernelPackage()).depends().stream()
                .filter(name -> name.startsWith("linux-image-"))
                .findFirst()
                .orElseThrow(() -> new GuestException(guest.kernelPackage() + " of " + source.description()
                        + " depends on no linux-image package; expected the kernel's meta-package"));
    }

    private Path download(PackageSource source, DebianPackage entry, Path folder) throws GuestException, IOException {
        Path deb = folder.resolve(entry.name() + ".deb");
        source.download(entry, deb, progress);
        if (Files.size(deb) != entry.size() || !Sha256.of(deb).equals(entry.sha256())) {
            throw new GuestException(entry.path() + " of " + source.description()
                    + ": size or SHA-256 differs from the index; try again or use another mirror");
        }
        return deb;
    }

    private static byte[] program(Path busyboxDeb) throws GuestException {
        var program = new Object() {
            byte[] bytes = new byte[0];
        };
        new DebArchive(busyboxDeb).visit(Progress.NO_STEP, (path, content) -> {
            if (BUSYBOX.matcher(path).matches()) {
                program.bytes = content.readAllBytes();
            }
        });
        if (program.bytes.length == 0) {
            throw new GuestException(busyboxDeb.getFileName() + ": no bin/busybox in the package");
        }
        return program.bytes;
    }

    /** Writes kernel and initramfs to {@code files} and returns the kernel's release. */
    private String unpackKernel(Path deb, Guest.Debian guest, Path files, Path scratch, byte[] busybox)
            throws GuestException, IOException {
        KernelPackage content = new KernelPackage(files.resolve(GuestCache.KERNEL), scratch.resolve("modules"));
        OptionalLong size = OptionalLong.of(Files.size(deb));
        try (Progress.Step step = progress.begin("unpack " + deb.getFileName(), size, Progress.Unit.BYTES)) {
            content.unpack(deb, step);
        }
        byte[] initrd = Initramfs.pack(busybox, content.release, content.modules.closure(guest.modules()));
        Files.write(files.resolve(GuestCache.INITRD), initrd);
        return content.release;
    }

    private static String provenance(DebianPackage... packages) {
        StringBuilder text = new StringBuilder();
        for (DebianPackage entry : List.of(packages)) {
            text.append("%s %s sha256:%s%n".formatted(entry.name(), entry.version(), entry.sha256()));
        }
        return text.toString();
    }

    /** What is taken from a kernel's package: the image, and every module until it is known which are needed. */
    private static final class KernelPackage {
        private final Path image;
        private final Path folder;
        private final KernelModules modules = new KernelModules();
        private String release = "";

        KernelPackage(Path image, Path folder) throws IOException {
            this.image = image;
            this.folder = Files.createDirectory(folder);
        }

        void unpack(Path deb, Progress.Step step) throws GuestException {
            new DebArchive(deb).visit(step, (path, content) -> {
                Matcher module = MODULE.matcher(path);
                if (KERNEL_IMAGE.matcher(path).matches()) {
                    Files.copy(content, image);
                } else if (module.matches()) {
                    release = module.group(1);
                    Path file = folder.resolve(module.group(2));
                    // Closing a decompressor would close the archive that is being read.
                    Files.copy(module.group(3) == null ? content : new SingleXZInputStream(content), file);
                    modules.add(file);
                }
            });
            if (!Files.exists(image) || release.isEmpty()) {
                throw new GuestException(deb.getFileName() + ": no boot/vmlinuz or no modules in the package");
            }
        }
    }
}
