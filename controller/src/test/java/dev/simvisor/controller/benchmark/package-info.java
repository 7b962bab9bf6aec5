/**
 * Our engines and modes against QEMU's translator and against Bochs, the quickest interpreter there is for this processor: the
 * same guests in all, run by turns; and what many VMs in one JVM take. No part of the tests; {@code mvn verify -Pbenchmark}
 * runs {@link dev.simvisor.controller.benchmark.EmulatorBenchmark}, where to start reading. {@link
 * dev.simvisor.controller.benchmark.WorkCatalogue} lists what is timed, most of it loads of the guests in {@code
 * src/test/guest}. Reads the wall clock, as only a benchmark may.
 */
@NullMarked
package dev.simvisor.controller.benchmark;

import org.jspecify.annotations.NullMarked;
