/**
 * Memory virtualization: what stands between a guest's idea of physical memory and the frames of the host.
 *
 * <p>{@link dev.simvisor.node.vmm.memory.MachineBus} is what a physical processor finds at its pins: machine memory, where
 * an address is a machine frame number and an offset. {@link dev.simvisor.node.vmm.memory.ShadowPageTables} are the paging
 * structures that it walks while it runs a deprivileged guest.
 */
@NullMarked
package dev.simvisor.node.vmm.memory;

import org.jspecify.annotations.NullMarked;
