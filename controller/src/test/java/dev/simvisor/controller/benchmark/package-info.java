/**
 * Our interpreter against Bochs, the quickest interpreter there is for this processor: the same guests in both, run by
 * turns. No part of the tests; {@code mvn verify -Pbenchmark} runs {@link
 * dev.simvisor.controller.benchmark.InterpreterBenchmark}, where to start reading. Reads the wall clock, as only a
 * benchmark may.
 */
@NullMarked
package dev.simvisor.controller.benchmark;

import org.jspecify.annotations.NullMarked;
