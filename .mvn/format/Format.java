import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.ImportOrderer;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.JavaFormatterOptions.Style;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Holds every Java source of the project to one layout: palantir-java-format, 120 columns, four spaces.
 *
 * <p>It is a program of its own, started on the toolchain's JDK, because the formatter parses with the running JVM's
 * compiler: inside a Maven on JDK 17 it could not read Java 25.
 *
 * <p>{@code java Format.java check ROOT} names the sources that differ and fails; {@code apply} rewrites them.
 */
final class Format {
    private static final Formatter FORMATTER = Formatter.createFormatter(
            JavaFormatterOptions.builder().style(Style.PALANTIR).build());

    void main(String[] args) throws IOException {
        boolean apply = args[0].equals("apply");
        List<Path> different;
        try (Stream<Path> files = sources(Path.of(args[1]))) {
            different = files.parallel()
                    .filter(source -> differs(source, apply))
                    .sorted()
                    .toList();
        }
        if (!apply && !different.isEmpty()) {
            different.forEach(source -> System.err.println(source.normalize() + ": not formatted"));
            System.err.println("Format the sources with: mvn -q -N -Pformat process-sources");
            System.exit(1);
        }
    }

    /** The Java files under each module's {@code src}, and those of the build itself. */
    private static Stream<Path> sources(Path root) throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            List<Path> trees = Stream.concat(
                            entries.map(module -> module.resolve("src")), Stream.of(root.resolve(".mvn")))
                    .filter(Files::isDirectory)
                    .toList();
            return trees.stream().flatMap(Format::javaFiles);
        }
    }

    private static Stream<Path> javaFiles(Path tree) {
        try (Stream<Path> files = Files.walk(tree)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean differs(Path source, boolean apply) {
        try {
            String text = Files.readString(source);
            Optional<String> formatted = format(source, text).filter(result -> !result.equals(text));
            if (apply && formatted.isPresent()) {
                Files.writeString(source, formatted.get());
            }
            return formatted.isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The formatted text, or nothing for a source with a syntax error, which is the compiler's to refuse. */
    private static Optional<String> format(Path source, String text) {
        try {
            String imports =
                    ImportOrderer.reorderImports(RemoveUnusedImports.removeUnusedImports(text), Style.PALANTIR);
            return Optional.of(FORMATTER.formatSource(imports));
        } catch (FormatterException e) {
            System.err.println(source + ": " + e.getMessage());
            return Optional.empty();
        }
    }
}
