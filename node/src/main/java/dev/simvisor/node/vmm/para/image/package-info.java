/**
 * The image of a suspended domain: what of it is saved, sent and hashed, and how a domain arises from it somewhere else.
 *
 * <p>The ABI has the guest take part. Asked by {@code control/shutdown} in the store, its kernel freezes its tasks, pins its page
 * tables, lets go of whatever the VMM shares with it, and says SCHEDOP_shutdown with the reason SHUTDOWN_suspend and the frame of
 * its start info. So event channels, grants, timers, the store's contents and the back ends of devices are no part of the image: the
 * guest sets all of it up again when the call returns, with 0 in a new domain, with 1 where it was after all.
 *
 * <p>What names machine frames is saved in a canonical form that names frames of the domain (gfns) instead, and so is the same
 * wherever in its host's machine memory the domain lies. That is so of page tables, also those that are read while the guest runs;
 * and once it is suspended of the list of machine frames that the shared info leads to, the start info, and a register. Xen's tools
 * name frames by the guest's own pfns. A gfn serves the same end, does not depend on what the guest says, and is what the pages of
 * other machines are sent by; which pfn the guest calls it is in the machine-to-physical table, and that is part of the image.
 *
 * <p>{@link dev.simvisor.node.vmm.para.image.CanonicalMemory} reads pages in that form, {@link
 * dev.simvisor.node.vmm.para.image.Localisation} turns them back, and {@link
 * dev.simvisor.node.vmm.para.image.SuspendedDomainCodec} has all else. An image may come from anywhere: nothing of it is believed. Page
 * tables are validated as if a guest had asked for them, and registers loaded as the guest itself might have loaded them.
 *
 * <p>The hash of a suspended domain is one over its image, so that source and target of a migration, whose machine frames differ, can
 * compare it; the hash of a running domain is over its memory as it is.
 */
@NullMarked
package dev.simvisor.node.vmm.para.image;

import org.jspecify.annotations.NullMarked;
