/**
 * Our engines and modes against each other, against Bochs, the quickest interpreter there is for this processor, and
 * against QEMU's translator: the same guests in all, run by turns. No part of the tests; {@code mvn verify -Pbenchmark} runs {@link
 * dev.simvisor.controller.benchmark.EmulatorBenchmark}, where to start reading. Reads the wall clock, as only a
 * benchmark may.
 */
@NullMarked
package dev.simvisor.controller.benchmark;

import org.jspecify.annotations.NullMarked;
