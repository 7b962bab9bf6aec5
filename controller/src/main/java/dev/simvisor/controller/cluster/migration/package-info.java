/**
 * The controller's side of a migration: it arbitrates who owns the VM. A pure state machine,
 * {@link dev.simvisor.controller.cluster.migration.Coordination}.
 *
 * <pre>{@code
 * stateDiagram-v2
 *     [*] --> Queued
 *     Queued --> Preparing: Begin (both hosts take part in no other migration)
 *     Queued --> Ended: cancelled, refused (the target is being drained), a death
 *     Preparing --> Copying: TargetReady
 *     Copying --> Switching: HandOverArrived
 *     Copying --> SourceLost: SourceDied
 *     SourceLost --> Switching: HandOverArrived (it had been sent before the source died)
 *     SourceLost --> Ended: DeadlinePassed (the VM died with its host)
 *     Switching --> Ended: Verified (COMMIT: the one point of decision)
 *     Switching --> Fetching: Verified, pages are missing (COMMIT)
 *     Fetching --> Ended: Whole (the last page is there), the target's death, the guest's end
 *     Fetching --> Orphaned: SourceDied
 *     Orphaned --> Ended: Whole (the last pages had left before the source died)
 *     Orphaned --> Ended: DeadlinePassed (pages are missing for good: the VM is lost), the target's death, the guest's end
 *     Preparing --> Ended: refused, cancelled, a death
 *     Copying --> Ended: cancelled, stream lost, the target's death, the guest's end
 *     Switching --> Ended: cancelled, not verified, the target's death
 * }</pre>
 *
 * <p>Who has the VM after a death, a cancel or a lost stream; "source" means that it runs on there:
 *
 * <pre>
 * step                                      source dies      target dies   cancel    stream lost
 * target reserves memory (Preparing)        VM dies with it  source        source    -
 * rounds (Copying)                          VM dies with it  source        source    source
 * last round, guest paused                  VM dies with it  source        source    source
 * hand-over on its way (source has had
 *   the target's word that all is applied)  target           source        source    no effect
 * target restores and verifies (Switching)  target           source        source    no effect
 * hashes differ                             -                -             -         source, if alive
 * committed                                 target           VM dies       refused   no effect
 * </pre>
 *
 * <p>Post-copy, and hybrid with pages left, differ from the hand-over on: the source alone has the pages that are missing. As
 * long as it has not been committed, the source has all of the VM, and the target never enough:
 *
 * <pre>
 * step                                      source dies      target dies   cancel    stream lost
 * hand-over on its way, Switching           VM dies with it  source        source    no effect
 * committed, pages missing (Fetching)       VM is lost       VM dies       refused   no effect
 * last page has left the source             target           VM dies       refused   no effect
 * all pages there                           target           VM dies       refused   no effect
 * </pre>
 *
 * <p>Both "source" and "target" columns cannot happen for the same migration: the source runs the VM again only when this state
 * machine, having ended without commit, tells it so, or before it has sent the hand-over; the target runs it only when this
 * state machine tells it so on commit, from which on nothing ever tells the source to; and no host runs anything without a window granted by the same controller. If both
 * hosts die, the VM dies.
 */
@NullMarked
package dev.simvisor.controller.cluster.migration;

import org.jspecify.annotations.NullMarked;
