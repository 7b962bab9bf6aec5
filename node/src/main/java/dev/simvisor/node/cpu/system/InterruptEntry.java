package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.SEGMENT_NOT_PRESENT;
import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.DS;
import static dev.simvisor.node.cpu.SegmentRegister.ES;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;

/**
 * Entry to an interrupt or exception handler through the interrupt vector table of real mode or the IDT (SDM Vol 3A §6.12,
 * §6.14, §20.1.4, §20.3). Faults are raised before any register has changed; their error codes lack the EXT bit, which the
 * caller adds.
 */
final class InterruptEntry {
    /** No error code is pushed. */
    static final long NO_ERROR_CODE = -1;

    /** Marks an error code as an index into the IDT. */
    private static final int IDT = 2;

    private static final int STACK_ALIGNMENT = 16;

    private InterruptEntry() {}

    /**
     * @param checksPrivilege a software interrupt, for which the gate's DPL counts
     * @param errorCode to push, or {@link #NO_ERROR_CODE}
     * @param returnOffset the instruction pointer to push
     * @param flags the flag image to push
     */
    static void enter(Cpu cpu, int vector, boolean checksPrivilege, long errorCode, long returnOffset, int flags) {
        if (!cpu.protectedMode) enterRealMode(cpu, vector, returnOffset, flags);
        else if (cpu.longMode) enterLongMode(cpu, vector, checksPrivilege, errorCode, returnOffset, flags);
        else enterProtectedMode(cpu, vector, checksPrivilege, errorCode, returnOffset, flags);
    }

    static int idtError(int vector) {
        return vector * 8 | IDT;
    }

    // ---- real-address mode

    private static void enterRealMode(Cpu cpu, int vector, long returnOffset, int flags) {
        if (vector * 4 + 3 > cpu.idtrLimit) throw cpu.generalProtection(idtError(vector));
        int entry = cpu.memory.readSystem32(LinearAddress.wrap(cpu, cpu.idtrBase + vector * 4L));
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        stack.push(cpu, 16, flags);
        stack.push(cpu, 16, cpu.selector[CS]);
        stack.push(cpu, 16, returnOffset);
        stack.commit(cpu);
        Segmentation.loadRealMode(cpu, CS, entry >>> 16);
        cpu.rip = entry & 0xFFFF;
        cpu.updateMode();
        clear(cpu, Flags.IF | Flags.TF | Flags.AC | Flags.RF);
    }

    private static void clear(Cpu cpu, int flags) {
        cpu.rflags(cpu.rflags() & ~flags);
    }

    private static void clearAfterGate(Cpu cpu, int gateType) {
        int flags = Flags.TF | Flags.NT | Flags.RF | Flags.VM;
        boolean interruptGate = (gateType & 1) == 0;
        clear(cpu, interruptGate ? flags | Flags.IF : flags);
    }

    // ---- protected mode

    private static void enterProtectedMode(
            Cpu cpu, int vector, boolean checksPrivilege, long errorCode, long returnOffset, int flags) {
        if (vector * 8 + 7 > cpu.idtrLimit) throw cpu.generalProtection(idtError(vector));
        long gate = cpu.memory.readSystem64(LinearAddress.wrap(cpu, cpu.idtrBase + vector * 8L));
        int type = SegmentDescriptor.type(gate);
        boolean known = switch (type) {
            case SegmentDescriptor.TASK_GATE,
                    SegmentDescriptor.INTERRUPT_GATE_16_BIT,
                    SegmentDescriptor.TRAP_GATE_16_BIT,
                    SegmentDescriptor.INTERRUPT_GATE,
                    SegmentDescriptor.TRAP_GATE -> SegmentDescriptor.isSystem(gate);
            default -> false;
        };
        checkGate(cpu, vector, gate, known, checksPrivilege);
        if (type == SegmentDescriptor.TASK_GATE) {
            TaskSwitch.throughInterruptGate(cpu, gate, errorCode, returnOffset, flags);
            return;
        }
        int selector = SegmentDescriptor.gateSelector(gate);
        long code = handlerCode(cpu, selector);
        int privilege = SegmentDescriptor.isConformingCode(code) ? cpu.cpl : SegmentDescriptor.privilege(code);
        // Virtual-8086 mode is left for privilege 0 only.
        if (cpu.virtual8086 && privilege != 0) throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        TransferStack stack = cpu.transferStack;
        boolean inner = privilege != cpu.cpl;
        if (inner) TaskStateSegment.useInnerStack(cpu, stack, privilege);
        else stack.useCurrent(cpu);
        CodeTarget.checkOffset(cpu, code, SegmentDescriptor.gateOffset(gate));
        stack.markAccessed(cpu);
        long marked = DescriptorTable.markAccessed(cpu, selector, code);
        pushFrame(cpu, stack, SegmentDescriptor.gateSize(gate), inner, flags, returnOffset, errorCode);
        boolean fromVirtual8086 = cpu.virtual8086;
        stack.commit(cpu);
        CodeTarget.commit(cpu, selector, privilege, marked, SegmentDescriptor.gateOffset(gate));
        if (fromVirtual8086) dropVirtual8086Segments(cpu);
        clearAfterGate(cpu, type);
        cpu.updateCodeAndStack();
    }

    private static void checkGate(Cpu cpu, int vector, long gate, boolean known, boolean checksPrivilege) {
        if (!known || checksPrivilege && SegmentDescriptor.privilege(gate) < cpu.cpl) {
            throw cpu.generalProtection(idtError(vector));
        }
        if (!SegmentDescriptor.isPresent(gate)) throw cpu.raise(SEGMENT_NOT_PRESENT, idtError(vector));
    }

    private static long handlerCode(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long code = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        boolean wrongSize = cpu.longMode && (!SegmentDescriptor.isLong(code) || SegmentDescriptor.isBig(code));
        if (!SegmentDescriptor.isCode(code) || SegmentDescriptor.privilege(code) > cpu.cpl || wrongSize) {
            throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        }
        CodeTarget.checkPresent(cpu, selector, code);
        return code;
    }

    private static void pushFrame(
            Cpu cpu, TransferStack stack, int size, boolean inner, int flags, long returnOffset, long errorCode) {
        if (cpu.virtual8086) {
            stack.push(cpu, size, cpu.selector[GS]);
            stack.push(cpu, size, cpu.selector[FS]);
            stack.push(cpu, size, cpu.selector[DS]);
            stack.push(cpu, size, cpu.selector[ES]);
        }
        if (inner) {
            stack.push(cpu, size, cpu.selector[SS]);
            stack.push(cpu, size, cpu.gpr[RSP]);
        }
        stack.push(cpu, size, flags);
        stack.push(cpu, size, cpu.selector[CS]);
        stack.push(cpu, size, returnOffset);
        if (errorCode != NO_ERROR_CODE) stack.push(cpu, size, errorCode);
    }

    private static void dropVirtual8086Segments(Cpu cpu) {
        Segmentation.setNull(cpu, ES, 0);
        Segmentation.setNull(cpu, DS, 0);
        Segmentation.setNull(cpu, FS, 0);
        Segmentation.setNull(cpu, GS, 0);
    }

    // ---- long mode

    private static void enterLongMode(
            Cpu cpu, int vector, boolean checksPrivilege, long errorCode, long returnOffset, int flags) {
        if (vector * 16 + 15 > cpu.idtrLimit) throw cpu.generalProtection(idtError(vector));
        long gate = cpu.memory.readSystem64(cpu.idtrBase + vector * 16L);
        long upper = cpu.memory.readSystem64(cpu.idtrBase + vector * 16L + 8);
        int type = SegmentDescriptor.type(gate);
        boolean known = SegmentDescriptor.isSystem(gate)
                && (type == SegmentDescriptor.INTERRUPT_GATE || type == SegmentDescriptor.TRAP_GATE);
        checkGate(cpu, vector, gate, known, checksPrivilege);
        int selector = SegmentDescriptor.gateSelector(gate);
        long code = handlerCode(cpu, selector);
        int privilege = SegmentDescriptor.isConformingCode(code) ? cpu.cpl : SegmentDescriptor.privilege(code);
        long offset = SegmentDescriptor.gateOffset(gate) | upper << 32;
        CodeTarget.checkOffset(cpu, code, offset);
        TransferStack stack = cpu.transferStack;
        useLongModeStack(cpu, stack, privilege, SegmentDescriptor.interruptStackTable(gate));
        long marked = DescriptorTable.markAccessed(cpu, selector, code);
        pushFrame(cpu, stack, 64, true, flags, returnOffset, errorCode);
        stack.commit(cpu);
        CodeTarget.commit(cpu, selector, privilege, marked, offset);
        clearAfterGate(cpu, type);
        cpu.updateCodeAndStack();
    }

    /** SDM Vol 3A §6.14.2, §6.14.4, §6.14.5: SS and RSP are always pushed, on a stack aligned to 16 bytes. */
    private static void useLongModeStack(Cpu cpu, TransferStack stack, int privilege, int stackTableIndex) {
        boolean inner = privilege != cpu.cpl;
        long pointer = cpu.gpr[RSP] & cpu.stackMask;
        if (stackTableIndex != 0) pointer = TaskStateSegment.interruptStackPointer(cpu, stackTableIndex);
        else if (inner) pointer = TaskStateSegment.stackPointer(cpu, privilege);
        if (inner) {
            stack.useFlat(privilege, privilege, pointer & -STACK_ALIGNMENT);
        } else {
            stack.useCurrent(cpu);
            stack.widen(pointer & -STACK_ALIGNMENT);
        }
    }
}
