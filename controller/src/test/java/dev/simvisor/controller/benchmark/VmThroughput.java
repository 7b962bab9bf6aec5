package dev.simvisor.controller.benchmark;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.LinuxBoot;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.ExecutionException;

/**
 * A program that boots so many VMs at once in one JVM, and prints how many guest instructions all of them together executed
 * in a wall second until the last one had its prompt.
 *
 * <p>Arguments: the number of VMs, the kernel, the initrd, the kernel's command line, MiB of memory, the prompt.
 */
final class VmThroughput {
    private VmThroughput() {}

    public static void main(String[] arguments) throws IOException, ExecutionException, InterruptedException {
        int vms = Integer.parseInt(arguments[0]);
        Boot boot = Boot.newBuilder()
                .setLinux(LinuxBoot.newBuilder()
                        .setKernel(arguments[1])
                        .setInitrd(arguments[2])
                        .setCommandLine(arguments[3]))
                .build();
        try (VmFleet fleet = new VmFleet(vms, Long.parseLong(arguments[4]) << 20)) {
            long started = System.nanoTime();
            fleet.start(vms, boot, arguments[5]);
            double seconds = (System.nanoTime() - started) / 1e9;
            System.out.println(String.format(Locale.ROOT, "%.0f", fleet.instructions() / seconds));
        }
        System.exit(0);
    }
}
