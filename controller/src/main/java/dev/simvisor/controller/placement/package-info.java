/** Where VMs go: strategies behind one interface, {@link dev.simvisor.controller.placement.Placement}. */
@NullMarked
package dev.simvisor.controller.placement;

import org.jspecify.annotations.NullMarked;
