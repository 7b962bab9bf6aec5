package dev.simvisor.controller.cli;

import dev.simvisor.config.GuestCatalogue;
import dev.simvisor.controller.guest.GuestCache;
import dev.simvisor.controller.guest.GuestImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A catalogue's guest as a boot loader finds it: an archive with {@code vmlinuz} and {@code initrd}, which GRUB reads. */
final class DebianOnDisk {
    private DebianOnDisk() {}

    /** @param guest one that has been fetched */
    static byte[] archive(String guest) throws Exception {
        GuestImage image =
                new GuestCache(GuestCatalogue.load(), GuestCache.defaultFolder(System.getenv())).resolve(guest);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            add(tar, "vmlinuz", image.kernel().read());
            add(tar, "initrd", image.initrd().orElseThrow().read());
        }
        return bytes.toByteArray();
    }

    private static void add(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }
}
