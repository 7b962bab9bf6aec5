package dev.simvisor.node.machine.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may have a disk, beside others of this process and beside another process that locks it as any program can. */
class RawDiskImageTest {
    private Path file = Path.of("");
    private String inUse = "";

    @BeforeEach
    void create(@TempDir Path folder) throws IOException {
        file = Files.write(folder.resolve("disk"), new byte[1024]);
        inUse = file + ": in use by another VM, here or in another process: a disk is one VM's at a time";
    }

    /** What flock(1) says, without waiting, of the lock that a program would have. */
    private boolean canBeLockedByAnotherProcess(String kind) throws Exception {
        Process flock = new ProcessBuilder("flock", "--nonblock", kind, file.toString(), "true").start();
        assertThat(flock.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return flock.exitValue() == 0;
    }

    @Test
    void oneThatIsClaimedIsKeptFromAllOthersUntilItIsClosed() throws Exception {
        try (RawDiskImage other = RawDiskImage.open(file)) {
            try (RawDiskImage image = RawDiskImage.open(file)) {
                assertThat(image.claim()).isEmpty();
                assertThat(image.claim()).isEmpty();
                assertThat(other.claim()).contains(inUse);
                assertThat(canBeLockedByAnotherProcess("--exclusive")).isFalse();
                // As another that has never had it is closed, nothing changes.
                RawDiskImage.open(file).close();
                assertThat(other.claim()).contains(inUse);
                assertThat(canBeLockedByAnotherProcess("--shared")).isFalse();
            }
            assertThat(canBeLockedByAnotherProcess("--exclusive")).isTrue();
            assertThat(other.claim()).isEmpty();
        }
    }

    @Test
    void oneThatAnotherProcessHasCannotBeClaimed() throws Exception {
        Process holder = new ProcessBuilder("flock", file.toString(), "sh", "-c", "echo locked; read line")
                .redirectErrorStream(true)
                .start();
        try (RawDiskImage image = RawDiskImage.open(file)) {
            assertThat(holder.inputReader().readLine()).isEqualTo("locked");
            assertThat(image.claim()).contains(inUse);

            holder.outputWriter().close();
            assertThat(holder.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(image.claim()).isEmpty();
        } finally {
            holder.destroy();
        }
    }

    @Test
    void oneThatIsNotClaimedIsAnybodys() throws Exception {
        try (RawDiskImage one = RawDiskImage.open(file);
                RawDiskImage other = RawDiskImage.open(file)) {
            one.write(0, new byte[] {1, 2, 3}, 0, 3);
            byte[] read = new byte[3];
            other.read(0, read, 0, 3);
            assertThat(read).containsExactly(1, 2, 3);
            assertThat(canBeLockedByAnotherProcess("--exclusive")).isTrue();
        }
    }

    @Test
    void lockThatIsSharedShutsOutThoseThatWrite() throws Exception {
        try (ImageLock first = ImageLock.tryLock(file, true).orElseThrow();
                ImageLock second = ImageLock.tryLock(file, true).orElseThrow()) {
            assertThat(first).isNotSameAs(second);
            assertThat(ImageLock.tryLock(file, false)).isEmpty();
            assertThat(canBeLockedByAnotherProcess("--shared")).isTrue();
        }
        ImageLock.tryLock(file, false).orElseThrow().close();
    }

    @Test
    void fileThatIsGoneCannotBeClaimed() throws Exception {
        try (RawDiskImage image = RawDiskImage.open(file)) {
            Files.delete(file);
            assertThat(image.claim()).contains(file + ": cannot be locked: open fails with error 2");
        }
    }
}
