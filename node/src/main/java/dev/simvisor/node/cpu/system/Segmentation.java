package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.SEGMENT_NOT_PRESENT;
import static dev.simvisor.node.cpu.GuestException.STACK_FAULT;
import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.DS;
import static dev.simvisor.node.cpu.SegmentRegister.ES;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.LDTR;
import static dev.simvisor.node.cpu.SegmentRegister.SS;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;

/** Loads of segment registers with their checks (SDM Vol 3A §3.4.3, §5.4 to §5.7; Vol 2B MOV, LLDT, LTR). */
public final class Segmentation {
    /** Rights of every segment in virtual-8086 mode: present, DPL 3, writable data, accessed (SDM Vol 3A §20.2). */
    static final int VIRTUAL_8086_RIGHTS = 0xF3;

    private static final int REAL_MODE_DATA_RIGHTS = 0x93;
    private static final long REAL_MODE_LIMIT = 0xFFFF;

    private Segmentation() {}

    /** Loads ES, SS, DS, FS or GS as MOV, POP and LDS do; what is cached from the segment is recomputed. */
    public static void load(Cpu cpu, int segment, int selector) {
        if (!cpu.protectedMode) {
            loadRealMode(cpu, segment, selector);
        } else if (cpu.virtual8086) {
            loadVirtual8086(cpu, segment, selector);
        } else if (segment == SS) {
            loadStack(cpu, selector);
        } else {
            loadData(cpu, segment, selector);
            return;
        }
        if (segment == SS) cpu.updateCodeAndStack();
        else cpu.updateSegment(segment);
    }

    /**
     * Real-address mode replaces only selector and base: limit and rights stay what protected mode left in them. That is what
     * "unreal mode" rests on. A null segment of protected mode becomes an ordinary one.
     */
    static void loadRealMode(Cpu cpu, int segment, int selector) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = (long) selector << 4;
        if ((cpu.segmentRights[segment] & AccessRights.UNUSABLE) != 0) {
            cpu.segmentLimit[segment] = REAL_MODE_LIMIT;
            cpu.segmentRights[segment] = REAL_MODE_DATA_RIGHTS;
        }
    }

    static void loadVirtual8086(Cpu cpu, int segment, int selector) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = (long) selector << 4;
        cpu.segmentLimit[segment] = REAL_MODE_LIMIT;
        cpu.segmentRights[segment] = VIRTUAL_8086_RIGHTS;
    }

    private static void loadData(Cpu cpu, int segment, int selector) {
        if (Selector.isNull(selector)) {
            setNull(cpu, segment, selector);
            cpu.updateSegment(segment);
            return;
        }
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        checkData(cpu, selector, descriptor, GENERAL_PROTECTION);
        descriptor = DescriptorTable.markAccessed(cpu, selector, descriptor);
        boolean alike = isAlike(cpu, segment, descriptor);
        set(cpu, segment, selector, descriptor);
        if (alike) cpu.segmentChanges++;
        else cpu.updateSegment(segment);
    }

    /** Whether a segment register holds that descriptor but for its privilege, on which nothing rests that is cached. */
    private static boolean isAlike(Cpu cpu, int segment, long descriptor) {
        int difference = cpu.segmentRights[segment] ^ SegmentDescriptor.rights(descriptor);
        return (difference & ~(3 << AccessRights.DPL_SHIFT)) == 0
                && cpu.segmentBase[segment] == SegmentDescriptor.base(descriptor)
                && cpu.segmentLimit[segment] == SegmentDescriptor.limit(descriptor);
    }

    /** Type, privilege and presence of a data segment; a task switch wants #TS where a load wants #GP. */
    static void checkData(Cpu cpu, int selector, long descriptor, int vector) {
        int privilege = SegmentDescriptor.privilege(descriptor);
        boolean privileged = SegmentDescriptor.isConformingCode(descriptor)
                || privilege >= cpu.cpl && privilege >= Selector.requestedPrivilege(selector);
        if (!SegmentDescriptor.isReadable(descriptor) || !privileged) {
            throw DescriptorTable.fault(cpu, vector, selector);
        }
        if (!SegmentDescriptor.isPresent(descriptor)) throw DescriptorTable.fault(cpu, SEGMENT_NOT_PRESENT, selector);
    }

    private static void loadStack(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) {
            boolean allowed = cpu.codeSize == 64 && cpu.cpl < 3 && Selector.requestedPrivilege(selector) == cpu.cpl;
            if (!allowed) throw cpu.generalProtection(0);
            setNullStack(cpu, selector, cpu.cpl);
            return;
        }
        long descriptor = stackDescriptor(cpu, selector, cpu.cpl, GENERAL_PROTECTION, STACK_FAULT);
        set(cpu, SS, selector, DescriptorTable.markAccessed(cpu, selector, descriptor));
    }

    /**
     * The descriptor of a stack segment for use at {@code privilege}. Raises {@code vector} with the selector (#GP for loads
     * and returns, #TS for stacks from a TSS), {@code notPresentVector} with it when the segment is not present.
     */
    static long stackDescriptor(Cpu cpu, int selector, int privilege, int vector, int notPresentVector) {
        long descriptor = DescriptorTable.read(cpu, selector, vector);
        if (Selector.requestedPrivilege(selector) != privilege
                || !SegmentDescriptor.isWritableData(descriptor)
                || SegmentDescriptor.privilege(descriptor) != privilege) {
            throw DescriptorTable.fault(cpu, vector, selector);
        }
        if (!SegmentDescriptor.isPresent(descriptor)) throw DescriptorTable.fault(cpu, notPresentVector, selector);
        return descriptor;
    }

    /** Fills a segment register from a descriptor that has been checked; the caller updates the mode. */
    static void set(Cpu cpu, int segment, int selector, long descriptor) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = SegmentDescriptor.base(descriptor);
        cpu.segmentLimit[segment] = SegmentDescriptor.limit(descriptor);
        cpu.segmentRights[segment] = SegmentDescriptor.rights(descriptor);
    }

    /** CS carries the current privilege level in its low two bits. */
    static void setCode(Cpu cpu, int selector, int privilege, long descriptor) {
        set(cpu, CS, Selector.withPrivilege(selector, privilege), descriptor);
    }

    static void setNull(Cpu cpu, int segment, int selector) {
        cpu.selector[segment] = selector;
        cpu.segmentBase[segment] = 0;
        cpu.segmentLimit[segment] = 0;
        cpu.segmentRights[segment] = AccessRights.UNUSABLE;
    }

    /** Long mode runs with a null SS below privilege 3; its DPL still says the privilege. */
    static void setNullStack(Cpu cpu, int selector, int privilege) {
        setNull(cpu, SS, selector);
        cpu.segmentRights[SS] |= privilege << AccessRights.DPL_SHIFT;
    }

    /**
     * A return to an outer privilege level takes away data segments that are too privileged for it (SDM Vol 2B RET); what is
     * cached from them is recomputed.
     */
    static void dropInnerSegments(Cpu cpu, int privilege) {
        dropInnerSegment(cpu, ES, privilege);
        dropInnerSegment(cpu, DS, privilege);
        dropInnerSegment(cpu, FS, privilege);
        dropInnerSegment(cpu, GS, privilege);
    }

    private static void dropInnerSegment(Cpu cpu, int segment, int privilege) {
        int rights = cpu.segmentRights[segment];
        if ((rights & AccessRights.UNUSABLE) != 0) return;
        int conformingCode = AccessRights.CODE | AccessRights.CONFORMING;
        boolean conforming = (rights & conformingCode) == conformingCode;
        if (conforming || AccessRights.dpl(rights) >= privilege) return;
        setNull(cpu, segment, 0);
        cpu.updateSegment(segment);
    }

    // ---- LDTR and TR

    public static void loadLdtr(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) {
            setNull(cpu, LDTR, selector);
            return;
        }
        loadLdtr(cpu, selector, GENERAL_PROTECTION, SEGMENT_NOT_PRESENT);
    }

    /** A task switch reports every defect as #TS. */
    static void loadLdtr(Cpu cpu, int selector, int vector, int notPresentVector) {
        if (Selector.isLocal(selector)) throw DescriptorTable.fault(cpu, vector, selector);
        long descriptor = DescriptorTable.read(cpu, selector, vector);
        if (!SegmentDescriptor.isSystem(descriptor) || SegmentDescriptor.type(descriptor) != SegmentDescriptor.LDT) {
            throw DescriptorTable.fault(cpu, vector, selector);
        }
        if (!SegmentDescriptor.isPresent(descriptor)) throw DescriptorTable.fault(cpu, notPresentVector, selector);
        setSystem(cpu, LDTR, selector, descriptor, DescriptorTable.systemBase(cpu, selector, descriptor, vector));
    }

    public static void loadTr(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        if (Selector.isLocal(selector)) throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        int type = SegmentDescriptor.type(descriptor);
        boolean available = type == SegmentDescriptor.AVAILABLE_TSS
                || type == SegmentDescriptor.AVAILABLE_16_BIT_TSS && !cpu.longMode;
        if (!SegmentDescriptor.isSystem(descriptor) || !available) {
            throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        }
        if (!SegmentDescriptor.isPresent(descriptor)) throw DescriptorTable.fault(cpu, SEGMENT_NOT_PRESENT, selector);
        long base = DescriptorTable.systemBase(cpu, selector, descriptor, GENERAL_PROTECTION);
        DescriptorTable.markBusy(cpu, selector, true);
        setTr(cpu, selector, descriptor, base);
    }

    static void setTr(Cpu cpu, int selector, long descriptor, long base) {
        setSystem(cpu, TR, selector, descriptor, base);
        cpu.segmentRights[TR] |= SegmentDescriptor.BUSY;
    }

    private static void setSystem(Cpu cpu, int segment, int selector, long descriptor, long base) {
        set(cpu, segment, selector, descriptor);
        cpu.segmentBase[segment] = base;
    }
}
