package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.ring.SharedPage;
import java.util.OptionalLong;

/** A domain's memory as grants see it: frames by their machine frame number, and what they may be used for. */
public interface DomainFrames {
    /** Whether a frame is the domain's. */
    boolean owns(long mfn);

    /** Takes a use of the domain's frame, for reading or as writable memory; false if it is in use as something else. */
    boolean take(long mfn, boolean writable);

    /** Gives back what {@link #take} took. */
    void drop(long mfn, boolean writable);

    /** The contents of a frame that is taken or shared. */
    SharedPage page(long mfn);

    /** A frame of the VMM's that the guest may map, or nothing when the domain has no more of them to come. */
    OptionalLong allocateShared();
}
