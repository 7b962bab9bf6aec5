/**
 * How far long work has come, for whoever watches it: a bar on a terminal, nothing in a script. Work is told a {@link
 * dev.simvisor.controller.progress.Progress} and knows no terminal.
 */
@NullMarked
package dev.simvisor.controller.progress;

import org.jspecify.annotations.NullMarked;
