package dev.simvisor.node.vmm.exit;

import java.util.Locale;

/** Why control left a guest for the VMM, or what the VMM did for the guest at the cost of time. */
public enum ExitKind {
    /** An instruction that the VMM has taken away, trapped and emulated: a privileged one in ring 1, a system call. */
    PRIVILEGED_TRAP,
    /** A privileged or critical instruction that translation replaced by a callout. */
    CALLOUT,
    /** An instruction in a processor mode that deprivileged execution has no place for, interpreted by the VMM. */
    INTERPRETED,
    /** An exception of the guest's own, other than a page fault, that the VMM passed on to its handler. */
    REFLECTED_EXCEPTION,
    /** A page fault that the guest's page tables call for, passed on to its handler. */
    TRUE_PAGE_FAULT,
    /** A page fault that only the shadow page tables called for, unseen by the guest. */
    HIDDEN_PAGE_FAULT,
    /** A store to a traced page table. */
    PAGE_TABLE_WRITE,
    /** The first store to a page in a round of dirty logging. */
    DIRTY_LOG_FAULT,
    /** A virtual interrupt that the VMM delivered. */
    INTERRUPT_DELIVERY,
    /** An access to a port of the virtual machine. */
    PORT_IO,
    /** An access to a memory-mapped device of the virtual machine. */
    MEMORY_MAPPED_IO,
    /** A hypercall of a paravirtual guest, by its name; a list of them is one exit. */
    HYPERCALL,
    /** One hypercall of a list, which enters the VMM once for all: by its name. */
    MULTICALL_ENTRY,
    /** A system call of a program, passed on to the kernel of a paravirtual guest. */
    SYSTEM_CALL,
    /** An entry of a page table that a paravirtual guest changes by hypercall. */
    PAGE_TABLE_UPDATE,
    /** A frame that becomes a page table of a paravirtual guest, or ceases to be one: each of its entries is looked at. */
    PAGE_TABLE_VALIDATION,
    /** A VM exit of hardware-assisted virtualization, by its basic reason, other than an EPT violation or an I/O instruction. */
    VM_EXIT,
    /** A VM exit because the extended page tables lacked a translation. */
    EPT_VIOLATION;

    /** As reports and cost models write it: {@code hidden-page-fault}. */
    public String written() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
