package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.ring.SharedPage;

/** Copies parts of pages between frames that a guest has or granted to itself. */
public final class GrantCopy {
    private final GrantTable grants;
    private final DomainFrames memory;
    private final int self;
    private final byte[] buffer = new byte[SharedPage.SIZE];

    GrantCopy(GrantTable grants, DomainFrames memory, int self) {
        this.grants = grants;
        this.memory = memory;
        this.self = self;
    }

    /**
     * One end of a copy.
     *
     * @param frame a machine frame number, or a grant's reference
     * @param offset within the frame
     */
    public record End(long frame, boolean byReference, int offset) {
        boolean fits(int length) {
            return offset + length <= SharedPage.SIZE;
        }
    }

    /** Copies {@code length} bytes. */
    public void copy(End source, End destination, int length) throws GrantRefusedException {
        try (Use from = use(source, false);
                Use to = use(destination, true)) {
            if (!source.fits(length) || !destination.fits(length)) {
                throw new GrantRefusedException(GrantStatus.BAD_COPY_ARGUMENT);
            }
            from.page().read(source.offset(), buffer, 0, length);
            to.page().write(destination.offset(), buffer, 0, length);
        }
    }

    /** A frame in use for as long as the copy takes. */
    private record Use(SharedPage page, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    private Use use(End end, boolean writable) throws GrantRefusedException {
        if (end.byReference()) {
            GrantedFrame granted = grants.openForCopy((int) end.frame(), self, writable);
            return new Use(granted.page(), granted::close);
        }
        long mfn = end.frame();
        if (!memory.owns(mfn)) {
            throw new GrantRefusedException(GrantStatus.BAD_PAGE);
        }
        if (!memory.take(mfn, writable)) {
            throw new GrantRefusedException(GrantStatus.GENERAL_ERROR);
        }
        return new Use(memory.page(mfn), () -> memory.drop(mfn, writable));
    }
}
