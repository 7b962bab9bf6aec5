package dev.simvisor.controller.guest;

import dev.simvisor.controller.progress.Progress;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** The files of a Debian package: an ar archive around a compressed tar (deb(5)). */
record DebArchive(Path file) {
    /** Takes one regular file of the package. */
    @FunctionalInterface
    interface Visitor {
        /**
         * Looks at a file.
         *
         * @param path from the package's root, without a leading slash or dot
         * @param content the file's bytes, to be read before this returns
         */
        void file(String path, InputStream content) throws IOException;
    }

    /** Shows every regular file to {@code visitor}, in the archive's order, and reports the bytes read to {@code step}. */
    void visit(Progress.Step step, Visitor visitor) throws GuestException {
        try (InputStream in = new BufferedInputStream(new CountedInput(Files.newInputStream(file), step));
                ArArchiveInputStream ar = new ArArchiveInputStream(in)) {
            for (ArArchiveEntry member = ar.getNextEntry(); member != null; member = ar.getNextEntry()) {
                if (member.getName().startsWith("data.tar")) {
                    visitTar(decompressed(member.getName(), ar), visitor);
                    return;
                }
            }
        } catch (IOException damaged) {
            throw new GuestException(file.getFileName() + ": damaged package: " + damaged.getMessage(), damaged);
        }
        throw new GuestException(file.getFileName() + ": no data.tar in the package; expected a Debian binary package");
    }

    private InputStream decompressed(String member, InputStream content) throws IOException, GuestException {
        return switch (member) {
            case "data.tar" -> content;
            case "data.tar.gz" -> new GZIPInputStream(content);
            case "data.tar.xz" -> new XZInputStream(content);
            default ->
                throw new GuestException(file.getFileName() + ": cannot read " + member
                        + "; expected data.tar, data.tar.gz or data.tar.xz");
        };
    }

    private static void visitTar(InputStream content, Visitor visitor) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(content);
        for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
            if (entry.isFile()) {
                visitor.file(entry.getName().replaceFirst("^(\\./|/)+", ""), tar);
            }
        }
    }

    /** Reports how far the file is read. */
    private static final class CountedInput extends FilterInputStream {
        private final Progress.Step step;
        private long count;

        CountedInput(InputStream in, Progress.Step step) {
            super(in);
            this.step = step;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = super.read(buffer, offset, length);
            count += Math.max(read, 0);
            step.at(count);
            return read;
        }
    }
}
