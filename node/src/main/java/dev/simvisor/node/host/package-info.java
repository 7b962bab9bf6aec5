/**
 * A physical host and the node that carries it. Start with {@link dev.simvisor.node.host.HostSimulation}: one host's way
 * through virtual time, plain Java on a thread of its own. {@link dev.simvisor.node.host.PhysicalHost} and
 * {@link dev.simvisor.node.host.Node} are the actors around it, {@link dev.simvisor.node.host.NodeMain} the process.
 *
 * <p>Time. The controller's time keeper grants windows; in a window a host runs its VMs from event to event. An event has an
 * exact virtual time and a rank among those of the same time that does not depend on when it became known, so results depend
 * neither on the length of windows nor on threads. What a host sends arrives one latency later, never within the window. Hosts of
 * a node that alone have something to do are granted more than a window: {@link dev.simvisor.node.host.JointWindows}, run by the few
 * threads of {@link dev.simvisor.node.host.Processors}, until one of them has sent something.
 *
 * <p>Resets. A guest that resets its VM goes on within the window, and the controller is told with the time at which it was. It makes no
 * difference to a migration but that all pages count as written; none that has yet to come by post-copy is waited for any more.
 *
 * <p>Ethernet. {@link dev.simvisor.node.host.EthernetPort} puts what guests send on the host's link and gives them what comes by it. A
 * frame is on its way for at least a link's latency, whomever it is for, and is lost where the VM that it is for is not there any more,
 * or not yet, or does not run. Where a VM goes on that was elsewhere before, its host announces its card's address. Frames share a
 * link's bandwidth among themselves; migrations do not take of it.
 *
 * <p>Metering. {@link dev.simvisor.node.host.HostMeter} counts what VMs use of the host, and says so at the end of the windows
 * that ask for it.
 *
 * <p>Ownership. A host runs a VM under an epoch. It begins one only when the controller says so (create, take over) and ends it
 * only when the controller says so (give up) or the guest ends. A host that the controller has declared dead is granted no
 * window any more, so a VM of an old epoch cannot run.
 *
 * <p>Post-copy. A VM that was handed over without all of its pages is a resident of the target, and, paused, of the source, until
 * the last one has come. What its guest waits for is asked for at the very time at which it began to wait, whenever the host hears
 * of it: that is in the same window, and arrives in a later one.
 *
 * <p>Clones. {@link dev.simvisor.node.host.Cloning} makes a second VM of one that goes on: on the same host in no virtual time,
 * at a window's start; on another after the time that the state takes on the path. There it is begun as a migrated VM is.
 */
@NullMarked
package dev.simvisor.node.host;

import org.jspecify.annotations.NullMarked;
