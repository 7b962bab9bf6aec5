package dev.simvisor.controller.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Debian's Bochs. It boots from a CD with GRUB on it; timed from the moment at which GRUB has loaded all and is about to
 * enter the kernel, so that neither its BIOS nor its start counts.
 *
 * @param folder for the files of a run
 */
record Bochs(Path folder) implements Emulator {
    private static final String PACKAGES = "bochs bochsbios vgabios grub-pc-bin grub-common xorriso mtools";
    private static final String ENTERING = "entering the kernel";
    private static final Duration LOADER_LIMIT = Duration.ofMinutes(2);
    private static final int END_SECONDS = 10;

    @Override
    public String name() {
        return "bochs";
    }

    @Override
    public boolean ticksAreInstructions() {
        return true;
    }

    /** GRUB would take the built-in guest's quotes away. */
    @Override
    public boolean runs(Work work) {
        return !(work instanceof Work.BuiltInLoad);
    }

    @Override
    public Run start(BenchmarkGuest guest) throws BenchmarkException, IOException, InterruptedException {
        Path disc = disc(guest);
        Path serial = folder.resolve("bochs-serial");
        Files.write(serial, new byte[0]);
        Path configuration =
                Files.writeString(folder.resolve("bochsrc"), configuration(guest.memoryMib(), disc, serial));
        // Debian builds it with its debugger, which waits for a command to go on.
        Path debuggerCommands = Files.writeString(folder.resolve("bochs-commands"), "continue\n");
        Process process = launch(
                List.of("bochs", "-q", "-f", configuration.toString(), "-rc", debuggerCommands.toString()), "bochs");
        InputStream console = Files.newInputStream(serial);
        ConsoleWatch watch = new ConsoleWatch(console, process);
        try {
            return new Started(process, console, watch, watch.await(ENTERING, LOADER_LIMIT));
        } catch (BenchmarkException | IOException | InterruptedException failed) {
            process.destroyForcibly();
            console.close();
            throw failed;
        }
    }

    private Path disc(BenchmarkGuest guest) throws BenchmarkException, IOException, InterruptedException {
        Path disc = folder.resolve(guest.name() + ".iso");
        Path tree = folder.resolve(guest.name() + "-disc");
        Path boot = Files.createDirectories(tree.resolve("boot"));
        Files.copy(guest.kernel(), boot.resolve("kernel"), StandardCopyOption.REPLACE_EXISTING);
        StringBuilder menu = new StringBuilder();
        menu.append(guest.grubCommand())
                .append(" /boot/kernel ")
                .append(guest.commandLine())
                .append('\n');
        if (guest.initrd().isPresent()) {
            Files.copy(guest.initrd().get(), boot.resolve("initrd"), StandardCopyOption.REPLACE_EXISTING);
            menu.append("initrd /boot/initrd\n");
        }
        menu.append("serial --unit=0\nterminal_output serial\necho ")
                .append(ENTERING)
                .append("\nboot\n");
        Files.writeString(Files.createDirectories(boot.resolve("grub")).resolve("grub.cfg"), menu);
        Process process = launch(List.of("grub-mkrescue", "-o", disc.toString(), tree.toString()), "grub-mkrescue");
        if (process.waitFor() != 0) {
            throw new BenchmarkException("grub-mkrescue failed: see " + folder.resolve("grub-mkrescue.out")
                    + "; it needs the Debian packages " + PACKAGES);
        }
        return disc;
    }

    /**
     * A PC as fast as Bochs can make it: nothing waits for the wall clock, and the processor has no extensions that ours
     * lacks, lest the kernel spend its time trying them out. The frame-buffer server stands in for a display.
     */
    private static String configuration(int memoryMib, Path disc, Path serial) {
        return """
                display_library: rfb, options="timeout=0"
                romimage: file=/usr/share/bochs/BIOS-bochs-latest
                vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
                cpu: model=athlon64_clawhammer, count=1, ips=10000000
                memory: guest=%1$d, host=%1$d
                ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
                ata0-master: type=cdrom, path="%2$s", status=inserted
                boot: cdrom
                com1: enabled=1, mode=file, dev="%3$s"
                clock: sync=none, time0=946684800
                speaker: enabled=0
                sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
                log: "%3$s.log"
                panic: action=fatal
                error: action=ignore
                info: action=ignore
                debug: action=ignore
                """.formatted(memoryMib, disc, serial);
    }

    private Process launch(List<String> command, String name) throws BenchmarkException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve(name + ".out").toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
        } catch (IOException missing) {
            throw new BenchmarkException(name + " cannot be started; it needs the Debian packages " + PACKAGES);
        }
    }

    private record Started(Process process, InputStream serial, ConsoleWatch console, long startNanos) implements Run {
        /** Its console is a file and takes no input: a guest that waits for a command is just ended. */
        @Override
        public OptionalLong finish(String command) {
            return OptionalLong.empty();
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly();
            try {
                process.waitFor(END_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            serial.close();
        }
    }
}
