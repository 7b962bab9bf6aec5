package dev.simvisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The production sources of every module, read as text. */
class SourceTreeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final List<String> MODULES = List.of("proto", "cluster-config", "node", "controller");
    private static final List<String> SOURCE_ENDINGS = List.of(".java", ".proto", ".c", ".h", ".S");
    private static final int MOST_LINES = 800;

    @Test
    void everyPackageSaysWhatItIsFor() {
        List<Path> silent = sources()
                .filter(file -> file.toString().endsWith(".java"))
                .map(Path::getParent)
                .distinct()
                .filter(directory -> Files.notExists(directory.resolve("package-info.java")))
                .map(ROOT::relativize)
                .toList();
        assertThat(silent).as("packages without package-info.java").isEmpty();
    }

    @Test
    void everyPackageIsNullMarked() {
        List<Path> unmarked = sources()
                .filter(file -> file.endsWith("package-info.java"))
                .filter(file -> lines(file).noneMatch("@NullMarked"::equals))
                .map(ROOT::relativize)
                .toList();
        assertThat(unmarked).as("packages without @NullMarked").isEmpty();
    }

    @Test
    void noSourceIsLongerThanAReaderCanHold() {
        List<String> longSources = sources()
                .filter(file -> lines(file).count() > MOST_LINES)
                .map(file -> ROOT.relativize(file) + ": " + lines(file).count() + " lines")
                .toList();
        assertThat(longSources).as("sources above %d lines", MOST_LINES).isEmpty();
    }

    private static Stream<Path> sources() {
        return MODULES.stream()
                .map(module -> ROOT.resolve(module).resolve("src").resolve("main"))
                .filter(Files::isDirectory)
                .flatMap(SourceTreeTest::files)
                .filter(file -> SOURCE_ENDINGS.stream().anyMatch(file.toString()::endsWith))
                .sorted();
    }

    private static Stream<Path> files(Path tree) {
        try (Stream<Path> files = Files.walk(tree)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
