package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.memory.DirectPaging;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import java.util.function.IntSupplier;

/**
 * All that a domain has to do with grants.
 *
 * @param frames its memory, as grants see it
 * @param table what it grants
 * @param mappings what it has mapped
 */
public record DomainGrants(GuestFrames frames, GrantTable table, GrantMappings mappings, GrantCopy copies) {
    /**
     * Of a new domain.
     *
     * @param sharedFrame allocates a frame that the VMM shares with the guest, and throws ENOMEM when there are no more
     * @param self the domain's number
     */
    public static DomainGrants of(
            DomainMemory memory, FrameTable frames, DirectPaging paging, IntSupplier sharedFrame, int self) {
        GuestFrames granted = new GuestFrames(memory, frames, sharedFrame);
        GrantTable table = new GrantTable(granted);
        return new DomainGrants(
                granted,
                table,
                new GrantMappings(memory, frames, paging, table, self),
                new GrantCopy(table, granted, self));
    }
}
