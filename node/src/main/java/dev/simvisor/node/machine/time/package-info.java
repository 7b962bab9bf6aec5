/**
 * Virtual time of one VM: a clock that follows executed instructions and charged cycles, and the events due on it.
 *
 * <p>Everything a guest can measure (time-stamp counter, timers, time of day) derives from
 * {@link dev.simvisor.node.machine.time.VirtualClock}; nothing here or above reads the wall clock.
 */
@NullMarked
package dev.simvisor.node.machine.time;

import org.jspecify.annotations.NullMarked;
