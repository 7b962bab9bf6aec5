/**
 * One VM in this process with its console on this terminal: what {@code simvisor boot} does.
 *
 * <p>{@link dev.simvisor.controller.boot.BootRun} lets the VM run slice by slice and, between two slices, moves bytes between
 * the VM and a {@link dev.simvisor.controller.boot.SerialLine}: a terminal, this process's streams, or a file. The VM itself is
 * a {@link dev.simvisor.controller.embedded.LocalVm}.
 */
@NullMarked
package dev.simvisor.controller.boot;

import org.jspecify.annotations.NullMarked;
