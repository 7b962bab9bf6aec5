package dev.simvisor.controller.benchmark;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MultibootBoot;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.ExecutionException;

/**
 * A program that boots so many VMs at once in one JVM, and prints how many guest instructions all of them together executed
 * in a wall second until the last one had said a text.
 *
 * <p>Arguments: the number of VMs, the kernel, its command line, MiB of memory, the text, and for a Linux the initrd.
 */
final class VmThroughput {
    private VmThroughput() {}

    public static void main(String[] arguments) throws IOException, ExecutionException, InterruptedException {
        int vms = Integer.parseInt(arguments[0]);
        Boot boot = arguments.length > 5
                ? linux(arguments[1], arguments[5], arguments[2])
                : multiboot(arguments[1], arguments[2]);
        try (VmFleet fleet = new VmFleet(vms, Long.parseLong(arguments[3]) << 20)) {
            long started = System.nanoTime();
            fleet.start(vms, boot, arguments[4]);
            double seconds = (System.nanoTime() - started) / 1e9;
            System.out.println(String.format(Locale.ROOT, "%.0f", fleet.instructions() / seconds));
        }
        System.exit(0);
    }

    private static Boot linux(String kernel, String initrd, String commandLine) {
        LinuxBoot boot = LinuxBoot.newBuilder()
                .setKernel(kernel)
                .setInitrd(initrd)
                .setCommandLine(commandLine)
                .build();
        return Boot.newBuilder().setLinux(boot).build();
    }

    private static Boot multiboot(String kernel, String commandLine) {
        MultibootBoot boot = MultibootBoot.newBuilder()
                .setKernel(kernel)
                .setCommandLine(commandLine)
                .build();
        return Boot.newBuilder().setMultiboot(boot).build();
    }
}
