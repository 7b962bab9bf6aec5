package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.ProgramsOnPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/simvisor} of the packaged distribution, run as a user would. */
class LauncherIT {
    private static final Path LAUNCHER =
            Path.of("target", "simvisor", "bin", "simvisor").toAbsolutePath();
    private static final Path THIS_JDK = Path.of(System.getProperty("java.home"));

    @TempDir
    private Path directory;

    /** A PATH on which no {@code java} is. */
    private Path path;

    private final List<Path> links = new ArrayList<>();

    @BeforeEach
    void makePathWithoutJava() throws IOException {
        path = Files.createDirectory(directory.resolve("path"));
        link(path.resolve("readlink"), ProgramsOnPath.find("readlink").orElseThrow());
    }

    /** JUnit warns of each link out of the directory that it deletes. */
    @AfterEach
    void removeLinks() throws IOException {
        for (Path link : links) {
            Files.delete(link);
        }
    }

    @Test
    void aMissingJdkIsOneLineThatSaysWhereItLooked() throws Exception {
        String noJdks = Files.createDirectory(directory.resolve("jdks")).toString();
        Outcome outcome = run(LAUNCHER, Map.of("SIMVISOR_JDK_SEARCH", noJdks), "--version");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.output())
                .isEqualTo("simvisor: no JDK 25 or later in JAVA_HOME, on the PATH or under " + noJdks
                        + ": install one or set JAVA_HOME\n");
    }

    @Test
    void anOlderJdkIsPassedOver() throws Exception {
        Path jdks = Files.createDirectory(directory.resolve("jdks"));
        Path older = fakeJdk(jdks.resolve("a-17"), "17.0.2");
        link(jdks.resolve("b-25"), THIS_JDK);
        Map<String, String> environment = Map.of("JAVA_HOME", older.toString(), "SIMVISOR_JDK_SEARCH", jdks.toString());

        assertThat(run(LAUNCHER, environment, "--version")).isEqualTo(version());
    }

    @Test
    void javaHomeIsEnough() throws Exception {
        assertThat(run(LAUNCHER, Map.of("JAVA_HOME", THIS_JDK.toString()), "--version"))
                .isEqualTo(version());
    }

    @Test
    void javaOnThePathIsEnough() throws Exception {
        link(path.resolve("java"), THIS_JDK.resolve("bin", "java"));

        assertThat(run(LAUNCHER, Map.of("SIMVISOR_JDK_SEARCH", ""), "--version"))
                .isEqualTo(version());
    }

    @Test
    void startsThroughASymbolicLink() throws Exception {
        Path link = link(directory.resolve("simvisor"), LAUNCHER);

        assertThat(run(link, Map.of("JAVA_HOME", THIS_JDK.toString()), "--version"))
                .isEqualTo(version());
    }

    @Test
    void anUnknownOptionFails() throws Exception {
        Outcome outcome = run(LAUNCHER, Map.of("JAVA_HOME", THIS_JDK.toString()), "--no-such-option");

        assertThat(outcome.status()).isNotZero();
        assertThat(outcome.output()).contains("--no-such-option");
    }

    @Test
    void startsFromTheClassesThatTheBuildLoadedBeforehand() throws Exception {
        // With mode "on" a cache that cannot be used ends the JVM.
        Map<String, String> environment =
                Map.of("JAVA_HOME", THIS_JDK.toString(), "SIMVISOR_JAVA_OPTIONS", "-XX:AOTMode=on");

        assertThat(run(LAUNCHER, environment, "--version")).isEqualTo(version());
        assertThat(run(LAUNCHER, environment, "vm", "--help").output()).startsWith("Usage: simvisor vm");
    }

    @Test
    void aCacheThatCannotBeUsedIsPassedOverInSilence() throws Exception {
        Path copy = Files.createDirectory(directory.resolve("copy"));
        Path launcher =
                Files.copy(LAUNCHER, Files.createDirectory(copy.resolve("bin")).resolve("simvisor"));
        Path jars = LAUNCHER.resolveSibling(Path.of("..", "lib")).normalize();
        Path lib = Files.createDirectory(copy.resolve("lib"));
        try (Stream<Path> files = Files.list(jars)) {
            for (Path jar :
                    files.filter(file -> file.toString().endsWith(".jar")).toList()) {
                Files.copy(jar, lib.resolve(jar.getFileName()));
            }
        }
        Files.writeString(lib.resolve("boot.aot"), "no cache");

        assertThat(run(launcher, Map.of("JAVA_HOME", THIS_JDK.toString()), "--version"))
                .isEqualTo(version());
    }

    @Test
    void noInputIsTypedToAGuestWhereStandardInputIsClosed() throws Exception {
        Outcome outcome = runScript("exec $simvisor boot --guest=builtin --max-time=100ms <&-");

        assertThat(outcome.output())
                .endsWith("simvisor> simvisor: stopped by --max-time after 100000000 ns of virtual time\n");
    }

    @Test
    void outputThatCannotBeWrittenIsNoSuccess() throws Exception {
        assertThat(runScript("exec $simvisor guest list >/dev/full"))
                .isEqualTo(new Outcome(1, "simvisor: standard output: No space left on device\n"));
    }

    @Test
    void outputThatNobodyWantsToReadMoreOfIsNoFailure() throws Exception {
        assertThat(runScript("{ $simvisor guest list; echo $? >&2; } | true")).isEqualTo(new Outcome(0, "0\n"));
    }

    /** Runs the launcher in a script, which knows it as {@code $simvisor}. */
    private Outcome runScript(String line) throws IOException, InterruptedException {
        Path script =
                Files.writeString(directory.resolve("script"), "#!/bin/sh\nsimvisor=" + LAUNCHER + "\n" + line + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return run(script, Map.of("JAVA_HOME", THIS_JDK.toString()));
    }

    private record Outcome(int status, String output) {}

    private static Outcome version() {
        return new Outcome(0, "simvisor 0.1.0-SNAPSHOT\n");
    }

    /** Runs a program in a directory of its own, with nothing in its environment but what is given. */
    private Outcome run(Path program, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = Stream.concat(Stream.of(program.toString()), Stream.of(arguments))
                .toList();
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", path.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        return new Outcome(process.waitFor(), output);
    }

    private Path link(Path link, Path target) throws IOException {
        links.add(link);
        return Files.createSymbolicLink(link, target);
    }

    private static Path fakeJdk(Path home, String version) throws IOException {
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho the older JDK was started\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return home;
    }
}
