package dev.simvisor.controller.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnJvmTest {
    private static final Path LAUNCHER = Path.of("src/main/dist/bin/simvisor");

    @Test
    void hasEveryOptionOfTheLauncherAsJavaGetsIt() throws IOException, BenchmarkException {
        List<String> options = OwnJvm.options(Files.readString(LAUNCHER));
        assertThat(options)
                .contains("-XX:+UseParallelGC", "-XX:CompileCommand=inline,dev.simvisor.node.cpu.HostMemory::*")
                .contains("-XX:CompileCommand=inline,dev.simvisor.node.cpu.mmu.Tlb::entry")
                .noneMatch(option -> option.contains("$") || option.contains("\""));
        long lines = Files.readAllLines(LAUNCHER).stream()
                .filter(line -> line.matches(" +\"?-(XX|-).*"))
                .count();
        assertThat(options).hasSize((int) lines);
    }
}
