package dev.simvisor.controller.boot;

import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the wall time of this process went to. Compiling, which HotSpot does on threads of its own, may overlap the rest.
 *
 * @param start until the guest's first instruction
 * @param run of the guest, to its end
 * @param compiling of Java bytecode, translated guest code included, summed over threads
 * @param collecting garbage
 */
public record WallPhases(Duration start, Duration run, Duration compiling, Duration collecting) {
    private static final double NANOS_PER_SECOND = 1e9;

    /** Those of a run that ends now. */
    public static WallPhases endingNow(Duration run) {
        Duration all = Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long collecting = 0;
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            collecting += Math.max(0, collector.getCollectionTime());
        }
        // A JVM that only interprets has no compiler.
        long compiling = compiler == null ? 0 : compiler.getTotalCompilationTime();
        return new WallPhases(all.minus(run), run, Duration.ofMillis(compiling), Duration.ofMillis(collecting));
    }

    /** Seconds by phase. */
    Map<String, Double> seconds() {
        Map<String, Double> seconds = new LinkedHashMap<>();
        seconds.put("start", seconds(start));
        seconds.put("run", seconds(run));
        seconds.put("compiling", seconds(compiling));
        seconds.put("collecting", seconds(collecting));
        return seconds;
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / NANOS_PER_SECOND;
    }
}
