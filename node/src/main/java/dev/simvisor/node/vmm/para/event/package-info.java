/**
 * Event channels: how a paravirtual domain is notified and notifies, in place of interrupts (public header event_channel.h).
 *
 * <p>Start with {@link dev.simvisor.node.vmm.para.event.EventChannels}, whose first section is what backends use.
 */
@NullMarked
package dev.simvisor.node.vmm.para.event;

import org.jspecify.annotations.NullMarked;
