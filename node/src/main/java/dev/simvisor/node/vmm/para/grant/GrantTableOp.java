package dev.simvisor.node.vmm.para.grant;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.hypercall.Hypercall;
import dev.simvisor.node.vmm.para.memory.GuestAccess;

/**
 * The operations on grant tables. Each takes an array of structures, and leaves a {@link GrantStatus} in every one. Version 2
 * is refused, as by a Xen that is started with {@code gnttab=max-ver:1}; frames are not transferred.
 */
public final class GrantTableOp implements Hypercall {
    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int SETUP_TABLE = 2;
    private static final int TRANSFER = 4;
    private static final int COPY = 5;
    private static final int QUERY_SIZE = 6;
    private static final int UNMAP_AND_REPLACE = 7;
    private static final int SET_VERSION = 8;
    private static final int GET_STATUS_FRAMES = 9;
    private static final int GET_VERSION = 10;
    private static final int SWAP = 11;

    private final DomainFrames memory;
    private final GrantTable grants;
    private final GrantMappings mappings;
    private final GrantCopy copies;

    public GrantTableOp(Domain domain, GrantTable grants, DomainFrames memory) {
        this.memory = memory;
        this.grants = grants;
        this.mappings = new GrantMappings(domain, grants);
        this.copies = new GrantCopy(grants, memory);
    }

    @Override
    public int number() {
        return 20;
    }

    @Override
    public String hypercallName() {
        return "grant_table_op";
    }

    /** One operation on the structure at an address. */
    @FunctionalInterface
    private interface Operation {
        void on(long at);
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        GuestAccess access = vcpu.access();
        long at = args[1];
        int count = (int) args[2];
        if (count < 0) {
            throw XenError.EINVAL;
        }
        switch ((int) args[0]) {
            case MAP -> each(at, count, 32, entry -> map(vcpu, entry));
            case UNMAP -> each(at, count, 24, entry -> unmap(vcpu, entry, false));
            case UNMAP_AND_REPLACE -> each(at, count, 24, entry -> unmap(vcpu, entry, true));
            case TRANSFER -> each(at, count, 24, entry -> transfer(access, entry));
            case COPY ->
                each(
                        at,
                        count,
                        GrantCopy.BYTES,
                        entry -> status(access, entry + GrantCopy.STATUS, copies.copy(access, entry)));
            case SWAP ->
                each(
                        at,
                        count,
                        12,
                        entry -> status(
                                access, entry + 8, grants.swap(access.readInt(entry), access.readInt(entry + 4))));
            case SETUP_TABLE -> single(count, () -> setUpTable(access, at));
            case QUERY_SIZE -> single(count, () -> querySize(access, at));
            case GET_STATUS_FRAMES -> single(count, () -> status(access, at + 6, GrantStatus.GENERAL_ERROR));
            case SET_VERSION -> single(count, () -> setVersion(access, at));
            case GET_VERSION -> single(count, () -> getVersion(access, at));
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    private static void each(long at, int count, int bytes, Operation operation) {
        for (int i = 0; i < count; i++) {
            operation.on(at + (long) bytes * i);
        }
    }

    private static void single(int count, Runnable operation) {
        if (count != 1) {
            throw XenError.EINVAL;
        }
        operation.run();
    }

    private static void status(GuestAccess access, long at, GrantStatus status) {
        access.write(at, new byte[] {(byte) status.code(), (byte) (status.code() >> 8)});
    }

    // ---- domains

    static boolean isSelf(int domain) {
        return domain == Domain.SELF || domain == Domain.ID;
    }

    static boolean isBackends(int domain) {
        return domain == EventChannels.BACKEND_DOMAIN;
    }

    /** The guest knows itself and domain 0. */
    static void checkDomain(int domain) throws GrantRefusedException {
        if (!isSelf(domain) && !isBackends(domain)) {
            throw new GrantRefusedException(GrantStatus.BAD_DOMAIN);
        }
    }

    /** Of an operation on the table of a domain, which must be the caller's own. */
    private static GrantStatus ofTable(int domain) {
        if (isSelf(domain)) {
            return GrantStatus.OKAY;
        }
        return isBackends(domain) ? GrantStatus.PERMISSION_DENIED : GrantStatus.BAD_DOMAIN;
    }

    // ---- the table

    private void setUpTable(GuestAccess access, long at) {
        int frames = access.readInt(at + 4);
        GrantStatus status = ofTable(access.readShort(at));
        if (status == GrantStatus.OKAY && !grants.grow(frames)) {
            status = GrantStatus.GENERAL_ERROR;
        }
        if (status == GrantStatus.OKAY) {
            long list = access.readLong(at + 16);
            for (int frame = 0; frame < frames; frame++) {
                access.writeLong(list + 8L * frame, grants.mfn(frame));
            }
        }
        status(access, at + 8, status);
    }

    private void querySize(GuestAccess access, long at) {
        GrantStatus status = ofTable(access.readShort(at));
        if (status == GrantStatus.OKAY) {
            access.writeInt(at + 4, grants.frames());
            access.writeInt(at + 8, GrantTable.MOST_FRAMES);
        }
        status(access, at + 12, status);
    }

    private static void setVersion(GuestAccess access, long at) {
        int version = access.readInt(at);
        access.writeInt(at, GrantTable.VERSION);
        if (version == 2) {
            throw XenError.ENOSYS;
        }
        if (version != GrantTable.VERSION) {
            throw XenError.EINVAL;
        }
    }

    private static void getVersion(GuestAccess access, long at) {
        int domain = access.readShort(at);
        if (!isSelf(domain)) {
            throw isBackends(domain) ? XenError.EPERM : XenError.ESRCH;
        }
        access.writeInt(at + 4, GrantTable.VERSION);
    }

    // ---- grants

    private void map(Vcpu vcpu, long at) {
        GuestAccess access = vcpu.access();
        long address = access.readLong(at);
        int flags = access.readInt(at + 8);
        int reference = access.readInt(at + 12);
        int domain = access.readShort(at + 16);
        try {
            // A domain is named by its number here, not as oneself.
            if (domain != Domain.ID) {
                throw new GrantRefusedException(
                        isBackends(domain) ? GrantStatus.BAD_REFERENCE : GrantStatus.BAD_DOMAIN);
            }
            GrantMappings.Mapped mapped = mappings.map(vcpu, address, flags, reference);
            access.writeInt(at + 20, mapped.handle());
            access.writeLong(at + 24, mapped.deviceAddress());
            status(access, at + 18, GrantStatus.OKAY);
        } catch (GrantRefusedException refused) {
            status(access, at + 18, refused.status());
        }
    }

    private void unmap(Vcpu vcpu, long at, boolean replace) {
        GuestAccess access = vcpu.access();
        long address = access.readLong(at);
        long second = access.readLong(at + 8);
        int handle = access.readInt(at + 16);
        try {
            if (replace) {
                mappings.unmapAndReplace(vcpu, address, second, handle);
            } else {
                mappings.unmap(vcpu, address, second, handle);
            }
            status(access, at + 20, GrantStatus.OKAY);
        } catch (GrantRefusedException refused) {
            status(access, at + 20, refused.status());
        }
    }

    /** Nobody takes frames: the caller keeps them. */
    private void transfer(GuestAccess access, long at) {
        long mfn = access.readLong(at);
        int domain = access.readShort(at + 8);
        GrantStatus status = GrantStatus.BAD_PAGE;
        if (memory.owns(mfn)) {
            status = isBackends(domain) || isSelf(domain) ? GrantStatus.PERMISSION_DENIED : GrantStatus.BAD_DOMAIN;
        }
        status(access, at + 16, status);
    }
}
