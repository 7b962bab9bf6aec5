package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.event.EventChannels;
import dev.simvisor.node.vmm.para.grant.DomainGrants;
import dev.simvisor.node.vmm.para.grant.GrantCopy;
import dev.simvisor.node.vmm.para.grant.GrantMappings;
import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantStatus;
import dev.simvisor.node.vmm.para.grant.GrantTable;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import java.util.List;

/**
 * The operations on grant tables. Each takes an array of structures, and leaves a {@link GrantStatus} in every one. Version 2
 * is refused, as by a Xen that is started with {@code gnttab=max-ver:1}; frames are not transferred.
 */
final class GrantTableOp implements Hypercall {
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

    // struct gnttab_copy, and GNTCOPY_
    private static final int COPY_BYTES = 40;
    private static final int COPY_DESTINATION = 16;
    private static final int COPY_LENGTH = 32;
    private static final int COPY_FLAGS = 34;
    private static final int COPY_STATUS = 36;
    private static final int SOURCE_REFERENCE = 1;
    private static final int DESTINATION_REFERENCE = 1 << 1;

    @Override
    public int number() {
        return 20;
    }

    @Override
    public String hypercallName() {
        return "grant_table_op";
    }

    @Override
    public String about() {
        return "lets others use frames, and uses what was granted: by page table or by copy";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "map_grant_ref",
                "unmap_grant_ref",
                "setup_table",
                "transfer",
                "copy",
                "query_size",
                "unmap_and_replace",
                "set_version",
                "get_status_frames",
                "get_version",
                "swap_grant_ref");
    }

    /** One operation on the structure at an address. */
    @FunctionalInterface
    private interface Operation {
        void on(long at);
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        GuestAccess access = vcpu.access();
        DomainGrants grants = vcpu.domain().grants();
        long at = args[1];
        int count = (int) args[2];
        if (count < 0) {
            throw XenError.EINVAL;
        }
        switch ((int) args[0]) {
            case MAP -> each(vcpu, args, 32, entry -> map(vcpu, entry));
            case UNMAP -> each(vcpu, args, 24, entry -> unmap(vcpu, entry, false));
            case UNMAP_AND_REPLACE -> each(vcpu, args, 24, entry -> unmap(vcpu, entry, true));
            case TRANSFER -> each(vcpu, args, 24, entry -> transfer(grants, access, entry));
            case COPY -> each(vcpu, args, COPY_BYTES, entry -> copy(grants, access, entry));
            case SWAP -> each(vcpu, args, 12, entry -> swap(grants.table(), access, entry));
            case SETUP_TABLE -> single(count, () -> setUpTable(grants.table(), access, at));
            case QUERY_SIZE -> single(count, () -> querySize(grants.table(), access, at));
            case GET_STATUS_FRAMES -> single(count, () -> status(access, at + 6, GrantStatus.GENERAL_ERROR));
            case SET_VERSION -> single(count, () -> setVersion(access, at));
            case GET_VERSION -> single(count, () -> getVersion(access, at));
            default -> throw XenError.ENOSYS;
        }
        return 0;
    }

    private static void each(Vcpu vcpu, long[] args, int bytes, Operation operation) {
        long at = args[1];
        int count = (int) args[2];
        for (int i = 0; i < count; i++) {
            if (i > 0 && vcpu.preemption.isDue()) {
                args[1] = at + (long) bytes * i;
                args[2] = count - i;
                throw Preempted.REST;
            }
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

    private static boolean isSelf(int domain) {
        return domain == Domain.SELF || domain == Domain.ID;
    }

    private static boolean isBackends(int domain) {
        return domain == EventChannels.BACKEND_DOMAIN;
    }

    /** Of an operation on the table of a domain, which must be the caller's own. */
    private static GrantStatus ofTable(int domain) {
        if (isSelf(domain)) {
            return GrantStatus.OKAY;
        }
        return isBackends(domain) ? GrantStatus.PERMISSION_DENIED : GrantStatus.BAD_DOMAIN;
    }

    // ---- the table

    private static void setUpTable(GrantTable grants, GuestAccess access, long at) {
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

    private static void querySize(GrantTable grants, GuestAccess access, long at) {
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

    private static void map(Vcpu vcpu, long at) {
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
            GrantMappings mappings = vcpu.domain().grants().mappings();
            GrantMappings.Mapped mapped = mappings.map(vcpu.kernelTable(), address, flags, reference);
            access.writeInt(at + 20, mapped.handle());
            access.writeLong(at + 24, mapped.deviceAddress());
            status(access, at + 18, GrantStatus.OKAY);
        } catch (GrantRefusedException refused) {
            status(access, at + 18, refused.status());
        }
    }

    private static void unmap(Vcpu vcpu, long at, boolean replace) {
        GuestAccess access = vcpu.access();
        long address = access.readLong(at);
        long second = access.readLong(at + 8);
        int handle = access.readInt(at + 16);
        GrantMappings mappings = vcpu.domain().grants().mappings();
        try {
            if (replace) {
                mappings.unmapAndReplace(vcpu.kernelTable(), address, second, handle);
            } else {
                mappings.unmap(vcpu.kernelTable(), address, second, handle);
            }
            vcpu.domain().vcpuList().forEach(Vcpu::flushTlb);
            status(access, at + 20, GrantStatus.OKAY);
        } catch (GrantRefusedException refused) {
            status(access, at + 20, refused.status());
        }
    }

    private static void swap(GrantTable grants, GuestAccess access, long at) {
        status(access, at + 8, grants.swap(access.readInt(at), access.readInt(at + 4)));
    }

    private static void copy(DomainGrants grants, GuestAccess access, long at) {
        int flags = access.readShort(at + COPY_FLAGS);
        int length = access.readShort(at + COPY_LENGTH);
        GrantStatus status = GrantStatus.OKAY;
        try {
            GrantCopy.End source = end(access, at, (flags & SOURCE_REFERENCE) != 0);
            GrantCopy.End destination = end(access, at + COPY_DESTINATION, (flags & DESTINATION_REFERENCE) != 0);
            grants.copies().copy(source, destination, length);
        } catch (GrantRefusedException refused) {
            status = refused.status();
        }
        status(access, at + COPY_STATUS, status);
    }

    /** One end of a copy. A frame that is not named by a grant must be the caller's own. */
    private static GrantCopy.End end(GuestAccess access, long at, boolean byReference) throws GrantRefusedException {
        int domain = access.readShort(at + 8);
        if (domain != Domain.SELF && !byReference) {
            throw new GrantRefusedException(GrantStatus.PERMISSION_DENIED);
        }
        if (!isSelf(domain)) {
            throw new GrantRefusedException(isBackends(domain) ? GrantStatus.BAD_REFERENCE : GrantStatus.BAD_DOMAIN);
        }
        return new GrantCopy.End(access.readLong(at), byReference, access.readShort(at + 10));
    }

    /** Nobody takes frames: the caller keeps them. */
    private static void transfer(DomainGrants grants, GuestAccess access, long at) {
        long mfn = access.readLong(at);
        int domain = access.readShort(at + 8);
        GrantStatus status = GrantStatus.BAD_PAGE;
        if (grants.frames().owns(mfn)) {
            status = isBackends(domain) || isSelf(domain) ? GrantStatus.PERMISSION_DENIED : GrantStatus.BAD_DOMAIN;
        }
        status(access, at + 16, status);
    }
}
