package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.INVALID_TSS;
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
import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.nonroot.EventExits;

/**
 * The hardware task switch of protected mode (SDM Vol 3A §7.3).
 *
 * <p>Faults up to the commit point leave the old task running. After it the new task runs, and what its segments raise is
 * delivered in its context, before its first instruction: {@link #switchTo} does that itself, since to the instruction that
 * switched the transfer has succeeded.
 */
final class TaskSwitch {
    enum Cause {
        JUMP(EventExits.TaskSwitchSource.JMP),
        CALL(EventExits.TaskSwitchSource.CALL),
        INTERRUPT(EventExits.TaskSwitchSource.GATE_IN_IDT),
        RETURN(EventExits.TaskSwitchSource.IRET);

        private final EventExits.TaskSwitchSource source;

        Cause(EventExits.TaskSwitchSource source) {
            this.source = source;
        }

        /** The old task waits for the new one to return. */
        boolean nests() {
            return this == CALL || this == INTERRUPT;
        }
    }

    // Offsets in a 32-bit TSS (SDM Vol 3A figure 7-2) and a 16-bit TSS (figure 7-10).
    private static final int BACK_LINK = 0;
    private static final int CR3 = 0x1C;
    private static final int EIP = 0x20;
    private static final int EFLAGS = 0x24;
    private static final int REGISTERS = 0x28;
    private static final int SELECTORS = 0x48;
    private static final int LDT = 0x60;
    private static final int TRAP = 0x64;
    private static final int IP_16 = 0x0E;
    private static final int FLAGS_16 = 0x10;
    private static final int REGISTERS_16 = 0x12;
    private static final int SELECTORS_16 = 0x22;
    private static final int LDT_16 = 0x2A;

    private static final int LAST_32 = 0x67;
    private static final int LAST_16 = 0x2B;
    /** More than any guest means to have. */
    private static final int MOST_FAULTS_OF_NEW_TASKS = 32;

    /** A 16-bit TSS holds ES, CS, SS and DS only. */
    private static final int SELECTORS_IN_16 = 4;

    private TaskSwitch() {}

    /** JMP or CALL through a task gate whose privilege and presence have been checked. */
    static void throughGate(Cpu cpu, int gateSelector, long gate, Cause cause, long returnOffset) {
        int selector = SegmentDescriptor.gateSelector(gate);
        long descriptor = available(cpu, selector, GENERAL_PROTECTION);
        switchTo(cpu, selector, descriptor, cause, returnOffset, cpu.rflags(), InterruptEntry.NO_ERROR_CODE);
    }

    /** JMP or CALL to a TSS whose privilege and presence have been checked. */
    static void direct(Cpu cpu, int selector, Cause cause, long returnOffset) {
        long descriptor = available(cpu, selector, GENERAL_PROTECTION);
        switchTo(cpu, selector, descriptor, cause, returnOffset, cpu.rflags(), InterruptEntry.NO_ERROR_CODE);
    }

    /** An interrupt or exception whose IDT entry is a task gate. */
    static void throughInterruptGate(Cpu cpu, long gate, long errorCode, long returnOffset, int flags) {
        int selector = SegmentDescriptor.gateSelector(gate);
        long descriptor = available(cpu, selector, GENERAL_PROTECTION);
        switchTo(cpu, selector, descriptor, Cause.INTERRUPT, returnOffset, flags, errorCode);
    }

    /** IRET with NT set. */
    static void returnToPrevious(Cpu cpu, long returnOffset) {
        int selector = cpu.memory.readSystem16(TaskStateSegment.address(cpu, BACK_LINK));
        if (Selector.isLocal(selector)) throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        long descriptor = DescriptorTable.read(cpu, selector, INVALID_TSS);
        int type = SegmentDescriptor.type(descriptor);
        boolean busy = type == SegmentDescriptor.BUSY_TSS || type == SegmentDescriptor.BUSY_16_BIT_TSS;
        if (!SegmentDescriptor.isSystem(descriptor) || !busy) {
            throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        }
        checkUsable(cpu, selector, descriptor);
        int flags = cpu.rflags() & ~Flags.NT;
        switchTo(cpu, selector, descriptor, Cause.RETURN, returnOffset, flags, InterruptEntry.NO_ERROR_CODE);
    }

    private static long available(Cpu cpu, int selector, int vector) {
        if (Selector.isLocal(selector)) throw DescriptorTable.fault(cpu, vector, selector);
        long descriptor = DescriptorTable.read(cpu, selector, vector);
        int type = SegmentDescriptor.type(descriptor);
        boolean available = type == SegmentDescriptor.AVAILABLE_TSS || type == SegmentDescriptor.AVAILABLE_16_BIT_TSS;
        if (!SegmentDescriptor.isSystem(descriptor) || !available) {
            throw DescriptorTable.fault(cpu, vector, selector);
        }
        checkUsable(cpu, selector, descriptor);
        return descriptor;
    }

    private static void checkUsable(Cpu cpu, int selector, long descriptor) {
        if (!SegmentDescriptor.isPresent(descriptor)) {
            throw DescriptorTable.fault(cpu, SEGMENT_NOT_PRESENT, selector);
        }
        if (SegmentDescriptor.limit(descriptor) < lastOffset(descriptor)) {
            throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        }
    }

    private static boolean is16Bit(long descriptor) {
        return (SegmentDescriptor.type(descriptor) & 8) == 0;
    }

    private static int lastOffset(long descriptor) {
        return is16Bit(descriptor) ? LAST_16 : LAST_32;
    }

    private static void switchTo(
            Cpu cpu, int selector, long descriptor, Cause cause, long returnOffset, int flags, long errorCode) {
        if (cpu.nonRoot != null) throw EventExits.taskSwitch(cpu, cpu.nonRoot, selector, cause.source);
        touch(cpu, selector, descriptor, cause);
        boolean oldIs16Bit = TaskStateSegment.is16Bit(cpu);
        int oldSelector = cpu.selector[TR];
        if (oldIs16Bit) save16(cpu, returnOffset, flags);
        else save32(cpu, returnOffset, flags);
        if (!cause.nests()) DescriptorTable.markBusy(cpu, oldSelector, false);
        if (cause != Cause.RETURN) DescriptorTable.markBusy(cpu, selector, true);
        Segmentation.setTr(cpu, selector, descriptor, SegmentDescriptor.base(descriptor));
        if (cause.nests()) cpu.memory.writeSystem16(TaskStateSegment.address(cpu, BACK_LINK), oldSelector);
        cpu.cr0 |= ControlRegister.CR0_TS;
        cpu.singleStepDropped = true;
        try {
            load(cpu, is16Bit(descriptor), cause);
            if (errorCode != InterruptEntry.NO_ERROR_CODE) pushErrorCode(cpu, is16Bit(descriptor), errorCode);
            if (cpu.rip > cpu.segmentLimit[CS]) throw cpu.generalProtection(0);
        } catch (GuestException fault) {
            cpu.updateMode();
            deliverInNewTask(cpu, fault);
        }
    }

    /**
     * The gate for what the new task raises may lead to yet another task, and so on for ever, if what is written into one makes
     * it available again; a processor hangs then. This one gives up, and shuts down: no instruction could come next.
     */
    private static void deliverInNewTask(Cpu cpu, GuestException fault) {
        if (cpu.faultsOfNewTasks == MOST_FAULTS_OF_NEW_TASKS) {
            cpu.shutdown = true;
            cpu.endBlock();
            return;
        }
        cpu.faultsOfNewTasks++;
        try {
            ExceptionDelivery.deliver(cpu, fault);
        } finally {
            cpu.faultsOfNewTasks--;
        }
    }

    /** Raises the page faults that the switch could meet while the old task can still be resumed. */
    private static void touch(Cpu cpu, int selector, long descriptor, Cause cause) {
        int oldLast = TaskStateSegment.is16Bit(cpu) ? LAST_16 : LAST_32;
        cpu.memory.checkWriteSystem(TaskStateSegment.address(cpu, 0), oldLast + 1);
        long base = SegmentDescriptor.base(descriptor);
        cpu.memory.readSystem8(LinearAddress.wrap(cpu, base));
        cpu.memory.readSystem8(LinearAddress.wrap(cpu, base + lastOffset(descriptor)));
        if (cause.nests()) cpu.memory.checkWriteSystem(LinearAddress.wrap(cpu, base), 2);
        cpu.memory.checkWriteSystem(DescriptorTable.address(cpu, selector), 8);
        cpu.memory.checkWriteSystem(DescriptorTable.address(cpu, cpu.selector[TR]), 8);
    }

    // ---- the old task

    private static void save32(Cpu cpu, long returnOffset, int flags) {
        write32(cpu, EIP, (int) returnOffset);
        write32(cpu, EFLAGS, flags);
        for (int register = 0; register < 8; register++) {
            write32(cpu, REGISTERS + 4 * register, (int) cpu.gpr[register]);
        }
        for (int segment = 0; segment <= GS; segment++) {
            write16(cpu, SELECTORS + 4 * segment, cpu.selector[segment]);
        }
    }

    private static void save16(Cpu cpu, long returnOffset, int flags) {
        write16(cpu, IP_16, (int) returnOffset);
        write16(cpu, FLAGS_16, flags);
        for (int register = 0; register < 8; register++) {
            write16(cpu, REGISTERS_16 + 2 * register, (int) cpu.gpr[register]);
        }
        for (int segment = 0; segment < SELECTORS_IN_16; segment++) {
            write16(cpu, SELECTORS_16 + 2 * segment, cpu.selector[segment]);
        }
    }

    // ---- the new task

    private static void load(Cpu cpu, boolean is16Bit, Cause cause) {
        int flags = is16Bit ? read16(cpu, FLAGS_16) : read32(cpu, EFLAGS);
        if (cause.nests()) flags |= Flags.NT;
        boolean trap = !is16Bit && (read16(cpu, TRAP) & 1) != 0;
        int ldt = read16(cpu, is16Bit ? LDT_16 : LDT);
        cpu.rip = is16Bit ? read16(cpu, IP_16) : read32(cpu, EIP) & 0xFFFF_FFFFL;
        long cr3 = is16Bit ? cpu.cr3 : read32(cpu, CR3) & 0xFFFF_FFFFL;
        loadRegisters(cpu, is16Bit);
        readSelectors(cpu, is16Bit);
        Segmentation.setNull(cpu, LDTR, ldt);
        boolean paging = (cpu.cr0 & ControlRegister.CR0_PG) != 0;
        if (paging && !is16Bit) ControlRegisters.loadPageDirectory(cpu, cr3);
        FlagImage.load(cpu, flags, Flags.EVERY);
        if (trap) cpu.pendingDebugTraps |= DebugRegisters.TASK_SWITCH;
        loadSegments(cpu, ldt);
    }

    private static void loadRegisters(Cpu cpu, boolean is16Bit) {
        for (int register = 0; register < 8; register++) {
            // A 16-bit task starts with all ones in the upper halves, as Bochs has it; the manual is silent.
            if (is16Bit) cpu.reg32(register, read16(cpu, REGISTERS_16 + 2 * register) | 0xFFFF_0000);
            else cpu.reg32(register, read32(cpu, REGISTERS + 4 * register));
        }
    }

    /** The selectors come first, the descriptors after them: a fault finds the former loaded and the latter unusable. */
    private static void readSelectors(Cpu cpu, boolean is16Bit) {
        for (int segment = 0; segment <= GS; segment++) {
            int selector = 0;
            if (!is16Bit) selector = read16(cpu, SELECTORS + 4 * segment);
            else if (segment < SELECTORS_IN_16) selector = read16(cpu, SELECTORS_16 + 2 * segment);
            // CS and SS keep their hidden parts until they are loaded, so that the processor has a mode to fault in.
            if (segment == CS || segment == SS) cpu.selector[segment] = selector;
            else Segmentation.setNull(cpu, segment, selector);
        }
    }

    private static void loadSegments(Cpu cpu, int ldt) {
        boolean virtual8086 = (cpu.otherFlags & Flags.VM) != 0;
        int privilege = virtual8086 ? 3 : Selector.requestedPrivilege(cpu.selector[CS]);
        // The privilege is that of the new CS from here on, whatever still faults.
        cpu.segmentRights[SS] =
                cpu.segmentRights[SS] & ~(3 << AccessRights.DPL_SHIFT) | privilege << AccessRights.DPL_SHIFT;
        cpu.updateMode();
        if (!Selector.isNull(ldt)) Segmentation.loadLdtr(cpu, ldt, INVALID_TSS, INVALID_TSS);
        if (virtual8086) {
            for (int segment = 0; segment <= GS; segment++) {
                Segmentation.loadVirtual8086(cpu, segment, cpu.selector[segment]);
            }
        } else {
            // The order of SDM Vol 3A table 7-1, as far as it goes.
            loadStack(cpu, privilege);
            loadCode(cpu);
            loadData(cpu, DS);
            loadData(cpu, ES);
            loadData(cpu, FS);
            loadData(cpu, GS);
        }
        cpu.updateMode();
    }

    private static void loadCode(Cpu cpu) {
        int selector = cpu.selector[CS];
        if (Selector.isNull(selector)) throw cpu.raise(INVALID_TSS, 0);
        long descriptor = DescriptorTable.read(cpu, selector, INVALID_TSS);
        int privilege = SegmentDescriptor.privilege(descriptor);
        int requested = Selector.requestedPrivilege(selector);
        boolean allowed =
                SegmentDescriptor.isConformingCode(descriptor) ? privilege <= requested : privilege == requested;
        if (!SegmentDescriptor.isCode(descriptor) || !allowed) {
            throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        }
        CodeTarget.checkPresent(cpu, selector, descriptor);
        Segmentation.setCode(cpu, selector, requested, DescriptorTable.markAccessed(cpu, selector, descriptor));
    }

    private static void loadStack(Cpu cpu, int privilege) {
        int selector = cpu.selector[SS];
        if (Selector.isNull(selector)) throw cpu.raise(INVALID_TSS, 0);
        long descriptor = DescriptorTable.read(cpu, selector, INVALID_TSS);
        if (!SegmentDescriptor.isWritableData(descriptor)) throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        if (!SegmentDescriptor.isPresent(descriptor)) throw DescriptorTable.fault(cpu, STACK_FAULT, selector);
        boolean allowed = SegmentDescriptor.privilege(descriptor) == privilege
                && Selector.requestedPrivilege(selector) == privilege;
        if (!allowed) throw DescriptorTable.fault(cpu, INVALID_TSS, selector);
        Segmentation.set(cpu, SS, selector, DescriptorTable.markAccessed(cpu, selector, descriptor));
    }

    private static void loadData(Cpu cpu, int segment) {
        int selector = cpu.selector[segment];
        if (Selector.isNull(selector)) return;
        long descriptor = DescriptorTable.read(cpu, selector, INVALID_TSS);
        Segmentation.checkData(cpu, selector, descriptor, INVALID_TSS);
        Segmentation.set(cpu, segment, selector, DescriptorTable.markAccessed(cpu, selector, descriptor));
    }

    private static void pushErrorCode(Cpu cpu, boolean is16Bit, long errorCode) {
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        stack.push(cpu, is16Bit ? 16 : 32, errorCode);
        stack.commit(cpu);
    }

    // ---- fields of the current TSS

    private static int read16(Cpu cpu, int offset) {
        return cpu.memory.readSystem16(TaskStateSegment.address(cpu, offset));
    }

    private static int read32(Cpu cpu, int offset) {
        return cpu.memory.readSystem32(TaskStateSegment.address(cpu, offset));
    }

    private static void write16(Cpu cpu, int offset, int value) {
        cpu.memory.writeSystem16(TaskStateSegment.address(cpu, offset), value);
    }

    private static void write32(Cpu cpu, int offset, int value) {
        cpu.memory.writeSystem32(TaskStateSegment.address(cpu, offset), value);
    }
}
