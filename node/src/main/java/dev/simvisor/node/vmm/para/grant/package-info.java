/**
 * Grant tables, version 1: how a paravirtual domain lets others use single frames of its memory (Xen, {@code
 * grant_table.h}).
 *
 * <p>{@link dev.simvisor.node.vmm.para.grant.GrantTable} is a domain's table, whose entries the guest writes into frames
 * shared with the VMM. Whoever uses a grant, a guest by hypercall or a backend of the VMM's, opens it there and has a {@link
 * dev.simvisor.node.vmm.para.grant.GrantedFrame} until it closes it; for so long the entry says that it is in use, and the
 * frame stays what it is, whatever the guest does to the entry.
 */
@NullMarked
package dev.simvisor.node.vmm.para.grant;

import org.jspecify.annotations.NullMarked;
