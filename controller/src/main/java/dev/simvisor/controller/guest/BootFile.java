package dev.simvisor.controller.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A kernel or an initramfs, wherever it is kept. */
public sealed interface BootFile {
    /** As much as a host takes, too. */
    long MOST_BYTES = 512L << 20;

    /** All of its bytes. */
    byte[] read() throws IOException;

    /** In a file. */
    record OnDisk(Path path) implements BootFile {
        @Override
        public byte[] read() throws IOException {
            long bytes = Files.size(path);
            if (bytes > MOST_BYTES) {
                throw new IOException(path + ": " + bytes + " bytes: expected at most " + MOST_BYTES);
            }
            return Files.readAllBytes(path);
        }
    }

    /** On the class path, as a part of Simvisor. */
    record Bundled(String resource) implements BootFile {
        @Override
        public byte[] read() throws IOException {
            try (InputStream in = BootFile.class.getClassLoader().getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IOException(
                            resource + ": not part of this installation; build it again with mvn package");
                }
                return in.readAllBytes();
            }
        }
    }
}
