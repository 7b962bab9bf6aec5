/**
 * Migration protocols as pure state machines: an event goes in, the new state and the actions to take come out. Who carries
 * the actions out (in {@code host}) supplies pages, streams and virtual time; nothing here does input or output.
 *
 * <p>The source, {@link dev.simvisor.node.vmm.migration.SourceMigration}:
 *
 * <pre>{@code
 * stateDiagram-v2
 *     [*] --> Ready
 *     Ready --> Copying: Begin (pre-copy)
 *     Ready --> Suspending: Begin (stop-and-copy, or little to send)
 *     Copying --> Copying: RoundOver, too much remains
 *     Copying --> Suspending: RoundOver, converged or last round
 *     Suspending --> Switching: Suspended (at once, but for a paravirtual guest)
 *     Switching --> HandedOver: FinalCopyOver
 *     HandedOver --> Ended: GivenUp (the target owns the VM)
 *     Copying --> Ended: StreamLost, GuestEnded, Aborted (the VM runs on)
 *     Suspending --> Ended: NotSuspended, GuestEnded, Aborted (the VM runs on)
 *     Switching --> Ended: StreamLost, Aborted (the VM is resumed)
 *     HandedOver --> Ended: Aborted (the VM is resumed)
 * }</pre>
 *
 * <p>In {@code HandedOver} a lost stream changes nothing: only the controller says whether the VM is given up or kept.
 *
 * <p>The target, {@link dev.simvisor.node.vmm.migration.TargetMigration}:
 *
 * <pre>{@code
 * stateDiagram-v2
 *     [*] --> Receiving
 *     Receiving --> Completing: HandOverArrived
 *     Completing --> Verified: Restored, the hashes agree
 *     Completing --> Refused: StreamBroken, RestoreFailed, or the hashes differ
 *     Verified --> Owner: TakenOver (the controller has decided)
 *     Receiving --> Discarded: Aborted
 *     Completing --> Discarded: Aborted
 *     Verified --> Discarded: Aborted
 *     Refused --> Discarded: Aborted
 * }</pre>
 *
 * <p>When pre-copy's rounds end follows QEMU: a round ends as soon as what remains could be sent within the downtime limit;
 * then the dirty log is read, and if that leaves no more than that, the guest is paused. A paravirtual guest, which must suspend
 * itself, runs on until it has; what it writes meanwhile is sent in the last round.
 *
 * <p>With auto-converge the guest is held back by a {@link dev.simvisor.node.vmm.migration.Throttle} in {@code Copying}, and in
 * no other state: whatever ends the rounds ends it, so that a guest that is to suspend itself does so at full speed.
 *
 * <p>Pages that have been sent before can be sent as deltas: {@link dev.simvisor.node.vmm.migration.PageDelta} is the format,
 * {@link dev.simvisor.node.vmm.migration.SentPageCache} what the source remembers of what it has sent. Coding takes no virtual time,
 * as it would be done by processors that nobody else needs; what is saved on the wire is saved in time.
 */
@NullMarked
package dev.simvisor.node.vmm.migration;

import org.jspecify.annotations.NullMarked;
