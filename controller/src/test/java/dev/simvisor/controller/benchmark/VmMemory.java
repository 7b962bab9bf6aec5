package dev.simvisor.controller.benchmark;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that says what a VM of 64 MiB takes of a JVM: the built-in guest, idle at its prompt. A first VM pays for what is
 * there once; what is shown is what the next ones add, divided by their number.
 *
 * <p>Its JVM must have a heap that is resident from the start and does not grow ({@link #OPTIONS}): then whatever the process
 * grows by lies outside the heap.
 */
final class VmMemory {
    static final List<String> OPTIONS = List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch");

    private static final int VMS = 16;
    private static final long MEMORY = 64 << 20;
    private static final String PROMPT = "simvisor> ";
    private static final int COLLECTIONS = 3;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    private VmMemory() {}

    /**
     * Bytes.
     *
     * @param heap reachable
     * @param metadata class metadata and compiled code
     * @param resident of the process
     */
    private record Footprint(long heap, long metadata, long resident) {
        static Footprint now() throws IOException {
            for (int i = 0; i < COLLECTIONS; i++) System.gc();
            var memory = ManagementFactory.getMemoryMXBean();
            Matcher resident = RESIDENT.matcher(Files.readString(STATUS));
            if (!resident.find()) {
                throw new IOException(STATUS + " has no VmRSS: this measurement needs Linux");
            }
            return new Footprint(
                    memory.getHeapMemoryUsage().getUsed(),
                    memory.getNonHeapMemoryUsage().getUsed(),
                    Long.parseLong(resident.group(1)) << 10);
        }
    }

    public static void main(String[] arguments) throws IOException, ExecutionException, InterruptedException {
        Boot boot =
                Boot.newBuilder().setBuiltIn(BuiltInGuest.getDefaultInstance()).build();
        try (VmFleet fleet = new VmFleet(VMS + 1, MEMORY)) {
            fleet.start(1, boot, PROMPT);
            Footprint one = Footprint.now();
            fleet.start(VMS, boot, PROMPT);
            Footprint all = Footprint.now();
            long heap = (all.heap - one.heap) / VMS;
            long outside = (all.resident - one.resident) / VMS;
            System.out.println(String.format(
                    Locale.ROOT,
                    "JVM memory per idle VM of %d MiB, mean of %d: %.2f MiB; %.2f MiB of live heap, and outside the heap"
                            + " %.2f MiB resident, of which %.2f MiB are class metadata and compiled code",
                    MEMORY >> 20,
                    VMS,
                    mebibytes(heap + outside),
                    mebibytes(heap),
                    mebibytes(outside),
                    mebibytes((all.metadata - one.metadata) / VMS)));
        }
        System.exit(0);
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }
}
