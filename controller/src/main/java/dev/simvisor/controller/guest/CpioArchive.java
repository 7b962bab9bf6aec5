package dev.simvisor.controller.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * A cpio archive in the "newc" format, as the kernel unpacks into its first root file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * <p>The same entries give the same bytes: all belong to root, were changed at second 0 and stand in the order of their
 * paths, which puts a folder before what it holds.
 */
final class CpioArchive {
    private final Map<String, Entry> entries = new TreeMap<>();

    private record Entry(long mode, long major, long minor, byte[] content) {}

    CpioArchive folder(String path) {
        return put(path, CpioConstants.C_ISDIR | 0755, 0, 0, new byte[0]);
    }

    CpioArchive file(String path, int permissions, byte[] content) {
        return put(path, CpioConstants.C_ISREG | permissions, 0, 0, content);
    }

    CpioArchive link(String path, String target) {
        return put(path, CpioConstants.C_ISLNK | 0777, 0, 0, target.getBytes(StandardCharsets.UTF_8));
    }

    CpioArchive characterDevice(String path, int major, int minor) {
        return put(path, CpioConstants.C_ISCHR | 0600, major, minor, new byte[0]);
    }

    private CpioArchive put(String path, long mode, long major, long minor, byte[] content) {
        if (entries.put(path, new Entry(mode, major, minor, content)) != null) {
            throw new IllegalArgumentException("two entries at " + path);
        }
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioArchiveOutputStream out = new CpioArchiveOutputStream(bytes)) {
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                out.putArchiveEntry(header(entry.getKey(), entry.getValue()));
                out.write(entry.getValue().content());
                out.closeArchiveEntry();
            }
        } catch (IOException impossible) {
            throw new AssertionError("a buffer in memory can be written", impossible);
        }
        return bytes.toByteArray();
    }

    private static CpioArchiveEntry header(String path, Entry entry) {
        CpioArchiveEntry header = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, path, entry.content().length);
        header.setMode(entry.mode());
        header.setNumberOfLinks(1);
        header.setTime(0);
        header.setRemoteDeviceMaj(entry.major());
        header.setRemoteDeviceMin(entry.minor());
        return header;
    }
}
