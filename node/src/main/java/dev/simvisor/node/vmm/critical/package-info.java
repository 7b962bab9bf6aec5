/**
 * The experiment behind {@code simvisor explain critical}: each of the critical instructions of x86, executed by a kernel of a
 * few bytes in every virtualization mode.
 *
 * <p>{@link dev.simvisor.node.vmm.critical.CriticalInstruction} lists them with their fragments,
 * {@link dev.simvisor.node.vmm.critical.FragmentMachine} is the machine that runs one, and
 * {@link dev.simvisor.node.vmm.critical.CriticalMatrix} holds what came of it. Nothing here knows the right answer: it is what
 * {@code bare} shows.
 */
@NullMarked
package dev.simvisor.node.vmm.critical;

import org.jspecify.annotations.NullMarked;
