package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Debian's QEMU with its translator, TCG, on one thread. It loads kernels itself; timed from the start of its process.
 *
 * @param folder for the files of a run
 */
record Qemu(Path folder) implements Emulator {
    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public boolean ticksAreInstructions() {
        return false;
    }

    @Override
    public boolean runs(Work work) {
        return true;
    }

    @Override
    public Run start(BenchmarkGuest guest) throws BenchmarkException {
        List<String> command = new ArrayList<>(
                List.of("qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "qemu64", "-nodefaults"));
        command.addAll(List.of("-display", "none", "-serial", "stdio", "-no-reboot", "-m", guest.memoryMib() + "M"));
        command.addAll(List.of("-kernel", guest.kernel().toString(), "-append", guest.commandLine()));
        guest.initrd().ifPresent(initrd -> command.addAll(List.of("-initrd", initrd.toString())));
        long start = System.nanoTime();
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(folder.resolve("qemu.err").toFile())
                    .start();
            return new Started(process, new ConsoleWatch(process.getInputStream(), process), start);
        } catch (IOException missing) {
            throw new BenchmarkException(
                    "qemu-system-x86_64 cannot be started; it needs the Debian package qemu-system-x86");
        }
    }

    private record Started(Process process, ConsoleWatch console, long startNanos) implements Run {
        /** QEMU does not count instructions. */
        @Override
        public OptionalLong finish(String command) throws IOException {
            if (process.isAlive()) {
                OutputStream keyboard = process.getOutputStream();
                keyboard.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
                keyboard.flush();
            }
            return OptionalLong.empty();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
