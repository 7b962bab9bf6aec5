package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.ring.SharedPage;

/** Copies part of a page between frames that the caller has or was granted ({@code struct gnttab_copy}). */
final class GrantCopy {
    static final int BYTES = 40;
    static final int STATUS = 36;

    private static final int SOURCE = 0;
    private static final int DESTINATION = 16;
    private static final int DOMAIN = 8;
    private static final int OFFSET = 10;
    private static final int LENGTH = 32;
    private static final int FLAGS = 34;

    // GNTCOPY_
    private static final int SOURCE_REFERENCE = 1;
    private static final int DESTINATION_REFERENCE = 1 << 1;

    private final GrantTable grants;
    private final DomainFrames memory;
    private final byte[] buffer = new byte[SharedPage.SIZE];

    GrantCopy(GrantTable grants, DomainFrames memory) {
        this.grants = grants;
        this.memory = memory;
    }

    /** One end of a copy, as the caller names it. */
    private record End(long frame, int domain, int offset, boolean byReference) {
        static End read(GuestAccess access, long at, boolean byReference) {
            return new End(
                    access.readLong(at), access.readShort(at + DOMAIN), access.readShort(at + OFFSET), byReference);
        }

        boolean fits(int length) {
            return offset + length <= SharedPage.SIZE;
        }
    }

    /** A frame in use for as long as the copy takes. */
    private interface Use extends AutoCloseable {
        SharedPage page();

        @Override
        void close();
    }

    GrantStatus copy(GuestAccess access, long at) {
        int flags = access.readShort(at + FLAGS);
        int length = access.readShort(at + LENGTH);
        End source = End.read(access, at + SOURCE, (flags & SOURCE_REFERENCE) != 0);
        End destination = End.read(access, at + DESTINATION, (flags & DESTINATION_REFERENCE) != 0);
        try {
            check(source);
            check(destination);
            try (Use from = use(source, false);
                    Use to = use(destination, true)) {
                if (!source.fits(length) || !destination.fits(length)) {
                    return GrantStatus.BAD_COPY_ARGUMENT;
                }
                from.page().read(source.offset(), buffer, 0, length);
                to.page().write(destination.offset(), buffer, 0, length);
            }
            return GrantStatus.OKAY;
        } catch (GrantRefusedException refused) {
            return refused.status();
        }
    }

    /** Only the caller's own frames can be named as such. */
    private static void check(End end) throws GrantRefusedException {
        if (end.domain() != Domain.SELF && !end.byReference()) {
            throw new GrantRefusedException(GrantStatus.PERMISSION_DENIED);
        }
        GrantTableOp.checkDomain(end.domain());
        if (GrantTableOp.isBackends(end.domain())) {
            throw new GrantRefusedException(GrantStatus.BAD_REFERENCE);
        }
    }

    private Use use(End end, boolean writable) throws GrantRefusedException {
        if (end.byReference()) {
            GrantedFrame granted = grants.openForCopy((int) end.frame(), Domain.ID, writable);
            return new Use() {
                @Override
                public SharedPage page() {
                    return granted.page();
                }

                @Override
                public void close() {
                    granted.close();
                }
            };
        }
        return own(end.frame(), writable);
    }

    private Use own(long mfn, boolean writable) throws GrantRefusedException {
        if (!memory.owns(mfn)) {
            throw new GrantRefusedException(GrantStatus.BAD_PAGE);
        }
        if (!memory.take(mfn, writable)) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        return new Use() {
            @Override
            public SharedPage page() {
                return memory.page(mfn);
            }

            @Override
            public void close() {
                memory.drop(mfn, writable);
            }
        };
    }
}
