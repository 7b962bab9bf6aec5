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
 *     Switching --> Pushing: FinalCopyOver (post-copy, or hybrid whose rounds have left much)
 *     Pushing --> Pushing: BurstOver, PagesWanted
 *     Pushing --> HandedOver: BurstOver, none is left
 *     HandedOver --> Ended: GivenUp (the target owns the VM)
 *     Pushing --> Ended: GivenUp (the VM has ended at the target)
 *     Copying --> Ended: StreamLost, GuestEnded, Aborted (the VM runs on)
 *     Suspending --> Ended: NotSuspended, GuestEnded, Aborted (the VM runs on)
 *     Switching --> Ended: StreamLost, Aborted (the VM is resumed)
 *     HandedOver --> Ended: Aborted (the VM is resumed)
 *     Pushing --> Ended: Aborted (the VM is resumed)
 * }</pre>
 *
 * <p>In {@code HandedOver} and {@code Pushing} a lost stream changes nothing: only the controller says whether the VM is given up or kept.
 *
 * <p>The target, {@link dev.simvisor.node.vmm.migration.TargetMigration}:
 *
 * <pre>{@code
 * stateDiagram-v2
 *     [*] --> Receiving
 *     Receiving --> Completing: HandOverArrived
 *     Completing --> Verified: Restored, the hashes agree
 *     Completing --> Refused: StreamBroken, RestoreFailed, or the hashes differ
 *     Verified --> Verified: PagesCome
 *     Verified --> Owner: TakenOver (the controller has decided)
 *     Verified --> Fetching: TakenOver, pages have yet to come
 *     Fetching --> Fetching: PagesMissed, PagesCome
 *     Fetching --> Owner: PagesCome, the last ones
 *     Receiving --> Discarded: Aborted
 *     Completing --> Discarded: Aborted
 *     Verified --> Discarded: Aborted
 *     Refused --> Discarded: Aborted
 *     Fetching --> Discarded: Aborted (the VM is lost), GuestEnded
 * }</pre>
 *
 * <p>When pre-copy's rounds end follows QEMU: a round ends as soon as what remains could be sent within the downtime limit;
 * then the dirty log is read, and if that leaves no more than that, the guest is paused. How much could be sent is reckoned by the
 * rate at which the last round goes, the link's; QEMU does so where it is told that rate ({@code avail-switchover-bandwidth}), and
 * else takes that of the rounds for it, so that it pauses a guest whose rounds have a limit later than it might. A paravirtual guest, which must suspend
 * itself, runs on until it has; what it writes meanwhile is sent in the last round.
 *
 * <p>With auto-converge the guest is held back by a {@link dev.simvisor.node.vmm.migration.Throttle} in {@code Copying}, and in
 * no other state: whatever ends the rounds ends it, so that a guest that is to suspend itself does so at full speed.
 *
 * <p>Pages that have been sent before can be sent as deltas: {@link dev.simvisor.node.vmm.migration.PageDelta} is the format,
 * {@link dev.simvisor.node.vmm.migration.SentPageCache} what the source remembers of what it has sent. What is sent in full can be
 * compressed, many pages together, and go by several channels, as with QEMU's multifd. (QEMU has no deltas then; here
 * a page keeps to its channel, so that it can have both.)
 *
 * <p>Coding takes virtual time, as {@link dev.simvisor.node.vmm.migration.PageCoding} says: a round lasts as long as the slower of
 * the path, by the bytes that are really sent, and the channels' threads. So on a slow path compression helps by its ratio, and on a
 * fast one its threads are the bottleneck and more channels help. What remains at the end of a round is weighed in full, by the
 * slower of both, so that the limit of the downtime holds whatever pages will come to.
 *
 * <p>Not modelled are: a limit of one stream, as a TCP connection has, for all of the path is one migration's, however many channels
 * it has, and channels that have nothing to code make no difference; what pages cost at the target, which unpacks some three times
 * as fast as the source packs; processor time that the threads take from vCPUs, for they have processors that nobody else needs;
 * rates that depend on what is in the pages or on the host's clock; and an uneven share of pages among channels. Auto-converge judges a
 * round by the bytes on the wire, as QEMU does, and so holds a compressed guest back the sooner.
 *
 * <p>Post-copy (Hines and Gopalan, VEE 2009; QEMU, {@code docs/devel/migration/postcopy.rst}) hands over the state alone. The
 * guest goes on at the target at once; the source sends it its pages in bursts, in the order that {@link
 * dev.simvisor.node.vmm.migration.Push} says. Hybrid does so with what its rounds have left, unless they converge: then it is
 * pre-copy. Pages that follow are sent as they are, and each once; QEMU's multifd channels fall silent then, too (commit e2741886).
 *
 * <p>How a page is missing. When the source hands over, the guest is paused for good there, and its pages do not change any
 * more. So all of them really cross the stream before the hand-over, which is therefore verified as any other, by the hash of the
 * whole VM. But in virtual time they have not come: the target {@linkplain dev.simvisor.node.machine.memory.GuestPages#withhold
 * withholds} them from the guest until the source's message, which takes the path's latency after the burst has taken its time on
 * it, says that they have. A withheld page has no host address, as a page that nobody has touched has none; so no TLB, no decoded
 * code and no shadow or nested page table can know it, and guests that do not migrate pay nothing. What meets it (load, store, fetch,
 * page walk, device) is served its contents, and ends the run after the instruction: so no instruction has to be undone, whatever
 * it was about, and both engines stop at the same one. The guest then stands still, its clock going on as when it has no
 * processor, from that very cycle until the page has come: a request takes a latency to reach the source, the burst that is on the path goes
 * out first, then the page. What this leaves out is that an instruction is done before its wait, not after.
 *
 * <p>Post-copy is the one algorithm where the death of either host ends the VM, as long as pages are missing: the source alone
 * has them, the target alone has what the guest has done since.
 */
@NullMarked
package dev.simvisor.node.vmm.migration;

import org.jspecify.annotations.NullMarked;
