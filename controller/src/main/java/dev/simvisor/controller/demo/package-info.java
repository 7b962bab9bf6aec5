/**
 * What {@code simvisor demo} shows: a small cluster in this JVM whose guests run, move while they run, and are none the worse
 * for it. Start at {@link dev.simvisor.controller.demo.Demo}.
 */
@NullMarked
package dev.simvisor.controller.demo;

import org.jspecify.annotations.NullMarked;
