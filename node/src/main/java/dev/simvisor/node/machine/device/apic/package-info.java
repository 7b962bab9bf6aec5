/** The local APIC and the I/O APIC (SDM Vol 3A ch. 11; 82093AA data sheet). */
@NullMarked
package dev.simvisor.node.machine.device.apic;

import org.jspecify.annotations.NullMarked;
