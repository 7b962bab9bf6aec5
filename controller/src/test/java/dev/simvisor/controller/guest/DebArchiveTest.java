package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.controller.progress.Progress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebArchiveTest {
    private static final Map<String, byte[]> FILES = Map.of("bin/a", utf8("first"), "boot/b", utf8("second"));

    @TempDir
    Path folder;

    @Test
    void filesAreReadFromXzAndGzip() throws Exception {
        assertThat(read(Deb.xz(FILES))).containsExactly(Map.entry("bin/a", "first"), Map.entry("boot/b", "second"));
        assertThat(read(Deb.gz(FILES))).containsExactly(Map.entry("bin/a", "first"), Map.entry("boot/b", "second"));
    }

    @Test
    void compressionThatCannotBeReadIsNamed() throws Exception {
        byte[] deb = Deb.of("data.tar.zst", new byte[4]);
        assertThatThrownBy(() -> read(deb))
                .isInstanceOf(GuestException.class)
                .hasMessage("a.deb: cannot read data.tar.zst; expected data.tar, data.tar.gz or data.tar.xz");
    }

    @Test
    void truncatedPackageIsRefused() throws Exception {
        byte[] deb = Deb.xz(FILES);
        assertThatThrownBy(() -> read(Arrays.copyOf(deb, deb.length / 2)))
                .isInstanceOf(GuestException.class)
                .hasMessageStartingWith("a.deb: ");
    }

    @Test
    void fileThatIsNoPackageIsRefused() {
        assertThatThrownBy(() -> read(utf8("<html>404</html>")))
                .isInstanceOf(GuestException.class)
                .hasMessageStartingWith("a.deb: ");
    }

    private Map<String, String> read(byte[] deb) throws Exception {
        Path file = Files.write(folder.resolve("a.deb"), deb);
        Map<String, String> files = new TreeMap<>();
        new DebArchive(file)
                .visit(
                        Progress.NO_STEP,
                        (path, content) -> files.put(path, new String(content.readAllBytes(), StandardCharsets.UTF_8)));
        return files;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
