package dev.simvisor.node.cpu;

/**
 * What a processor takes, in virtual cycles, beyond what each of its instructions takes.
 *
 * @param portIo an IN or OUT, or one iteration of INS or OUTS
 * @param fastSystemCall a SYSCALL, SYSRET, SYSENTER or SYSEXIT
 * @param exceptionDelivery the delivery of an exception or interrupt through the IDT, its IRET included
 * @param walkReference a reference of a page walk to a paging structure
 * @param nestedWalkReference a reference of a page walk under nested paging, to the guest's paging structures or the host's
 * @param tlbEntries translations that its translation lookaside buffer holds: a power of two
 */
public record ProcessorCosts(
        long portIo,
        long fastSystemCall,
        long exceptionDelivery,
        long walkReference,
        long nestedWalkReference,
        int tlbEntries) {
    /** Nothing but instructions takes time. */
    public static final ProcessorCosts NONE = new ProcessorCosts(0, 0, 0, 0, 0, 1);

    /** The largest TLB there can be. */
    public static final int MOST_TLB_ENTRIES = 2048;

    public ProcessorCosts {
        if ((portIo | fastSystemCall | exceptionDelivery | walkReference | nestedWalkReference) < 0) {
            throw new IllegalArgumentException("a cost is negative");
        }
        if (Integer.bitCount(tlbEntries) != 1 || tlbEntries > MOST_TLB_ENTRIES) {
            throw new IllegalArgumentException(
                    "a TLB of " + tlbEntries + " entries: expected a power of two up to " + MOST_TLB_ENTRIES);
        }
    }

    /** Whether page walks take time. */
    public boolean chargesWalks() {
        return walkReference != 0 || nestedWalkReference != 0;
    }
}
