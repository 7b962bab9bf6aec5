package dev.simvisor.controller.benchmark;

import dev.simvisor.config.MemorySize;
import dev.simvisor.config.OnReboot;
import dev.simvisor.controller.boot.BootEnd;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.BootRun;
import dev.simvisor.controller.boot.Debugger;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A program that boots a guest as {@code simvisor boot} does, once to warm the JVM up and then again, and prints the wall
 * nanoseconds of the second time.
 *
 * <p>Arguments: the kernel, the initrd, the kernel's command line, MiB of memory, the mode, the engine, and the text of the
 * console at which to stop.
 */
final class BootTwice {
    private BootTwice() {}

    /** Ends with status 1 when the guest ends before it shows the text. */
    public static void main(String[] arguments) throws IOException, InterruptedException, BootRefused {
        VmRequest request = new VmRequest(
                new VmRequest.Kernel(image(arguments[0]), Optional.of(image(arguments[1])), arguments[2]),
                new MemorySize(Long.parseLong(arguments[3]) << 20),
                List.of(),
                1,
                arguments[4],
                "",
                Optional.empty(),
                false,
                OnReboot.STOP,
                EngineChoice.valueOf(arguments[5]),
                Optional.empty());
        boot(request, arguments[6]);
        long started = System.nanoTime();
        boot(request, arguments[6]);
        System.out.println(System.nanoTime() - started);
    }

    private static void boot(VmRequest request, String prompt) throws IOException, InterruptedException, BootRefused {
        try (LocalVm vm = LocalVm.booted(request);
                PromptLine line = new PromptLine(prompt)) {
            BootRun.Limits limits = new BootRun.Limits(Long.MAX_VALUE, Long.MAX_VALUE);
            BootEnd end = new BootRun(vm, line, limits, false, Debugger.NONE).run();
            if (!(end instanceof BootEnd.Quit)) {
                System.err.println("the guest came to its end before its prompt: " + end);
                System.exit(1);
            }
        }
    }

    private static VmRequest.Image image(String file) throws IOException {
        return new VmRequest.Image(file, Files.readAllBytes(Path.of(file)));
    }
}
