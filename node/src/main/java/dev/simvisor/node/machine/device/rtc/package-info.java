/** The MC146818 real-time clock with its battery-backed memory. */
@NullMarked
package dev.simvisor.node.machine.device.rtc;

import org.jspecify.annotations.NullMarked;
