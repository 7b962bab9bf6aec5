/**
 * What a paravirtual guest expects of domain 0, played by the VMM: the back ends of its split devices, and the part of the
 * store that a toolstack writes (Xen, {@code io/xenbus.h}, {@code io/blkif.h}, {@code io/netif.h}).
 *
 * <p>Start with {@link dev.simvisor.node.vmm.para.backend.BackendDomain}, which owns the rest. {@link
 * dev.simvisor.node.vmm.para.backend.DeviceBackend} is how a device's two ends meet:
 *
 * <pre>
 *   front end                      back end
 *   Initialising (1)               InitWait (2): what the device can do is in the store
 *   Initialised (3), with ring     Connected (4): the ring is served
 *   Connected (4)
 *   Closing (5)                    Closing (5): the ring is served no more
 *   Closed (6)                     Closed (6)
 *   Initialising (1)               InitWait (2): another driver of the same guest may come
 * </pre>
 *
 * <p>A guest's requests are served at the instant of its event, as virtio's are. Whatever is wrong with one is answered with
 * the protocol's error; a ring that makes no sense closes its device, and harms nobody.
 */
@NullMarked
package dev.simvisor.node.vmm.para.backend;

import org.jspecify.annotations.NullMarked;
