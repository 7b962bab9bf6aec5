package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;
import static dev.simvisor.node.cpu.GuestException.SEGMENT_NOT_PRESENT;
import static dev.simvisor.node.cpu.GuestException.STACK_FAULT;
import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/** Far JMP, CALL and RET (SDM Vol 3A §5.8; Vol 2 JMP, CALL, RET). Sizes are in bits. */
public final class FarTransfer {
    private FarTransfer() {}

    private static boolean unprotected(Cpu cpu) {
        return !cpu.protectedMode || cpu.virtual8086;
    }

    // ---- JMP

    /** {@code returnOffset}: the next instruction, which a task switch saves. */
    public static void jump(Cpu cpu, int selector, long offset, long returnOffset) {
        if (unprotected(cpu)) {
            enterUnprotected(cpu, selector, offset);
            return;
        }
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        if (SegmentDescriptor.isSystem(descriptor)) {
            jumpThroughSystemDescriptor(cpu, selector, descriptor, returnOffset);
            return;
        }
        CodeTarget.checkDirect(cpu, selector, descriptor);
        enterSamePrivilege(cpu, selector, descriptor, offset);
    }

    private static void jumpThroughSystemDescriptor(Cpu cpu, int selector, long descriptor, long returnOffset) {
        switch (kind(cpu, selector, descriptor)) {
            case CALL_GATE -> {
                int target = gateTarget(cpu, selector, descriptor);
                long code = DescriptorTable.read(cpu, target, GENERAL_PROTECTION);
                checkGateCode(cpu, target, code);
                boolean entered =
                        SegmentDescriptor.isConformingCode(code) || SegmentDescriptor.privilege(code) == cpu.cpl;
                if (!entered) throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, target);
                CodeTarget.checkPresent(cpu, target, code);
                enterSamePrivilege(cpu, target, code, gateOffset(cpu, selector, descriptor));
            }
            case TASK_GATE -> TaskSwitch.throughGate(cpu, selector, descriptor, TaskSwitch.Cause.JUMP, returnOffset);
            case TASK_STATE -> TaskSwitch.direct(cpu, selector, TaskSwitch.Cause.JUMP, returnOffset);
            case UNSUITABLE -> throw new IllegalStateException();
        }
    }

    private static void enterUnprotected(Cpu cpu, int selector, long offset) {
        if (offset > cpu.segmentLimit[CS]) throw cpu.generalProtection(0);
        if (cpu.virtual8086) Segmentation.loadVirtual8086(cpu, CS, selector);
        else Segmentation.loadRealMode(cpu, CS, selector);
        cpu.rip = offset;
        cpu.updateMode();
    }

    private static void enterSamePrivilege(Cpu cpu, int selector, long descriptor, long offset) {
        CodeTarget.checkOffset(cpu, descriptor, offset);
        long marked = DescriptorTable.markAccessed(cpu, selector, descriptor);
        CodeTarget.commit(cpu, selector, cpu.cpl, marked, offset);
        cpu.updateCodeAndStack();
    }

    // ---- CALL

    public static void call(Cpu cpu, int selector, long offset, int size, long returnOffset) {
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        if (unprotected(cpu)) {
            if (offset > cpu.segmentLimit[CS]) throw cpu.generalProtection(0);
            stack.push(cpu, size, cpu.selector[CS]);
            stack.push(cpu, size, returnOffset);
            stack.commit(cpu);
            enterUnprotected(cpu, selector, offset);
            return;
        }
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        if (SegmentDescriptor.isSystem(descriptor)) {
            callThroughSystemDescriptor(cpu, selector, descriptor, returnOffset);
            return;
        }
        CodeTarget.checkDirect(cpu, selector, descriptor);
        callSamePrivilege(cpu, selector, descriptor, offset, size, returnOffset);
    }

    private static void callSamePrivilege(
            Cpu cpu, int selector, long descriptor, long offset, int size, long returnOffset) {
        TransferStack stack = cpu.transferStack;
        CodeTarget.checkOffset(cpu, descriptor, offset);
        long marked = DescriptorTable.markAccessed(cpu, selector, descriptor);
        stack.push(cpu, size, cpu.selector[CS]);
        stack.push(cpu, size, returnOffset);
        stack.commit(cpu);
        CodeTarget.commit(cpu, selector, cpu.cpl, marked, offset);
        cpu.updateCodeAndStack();
    }

    private static void callThroughSystemDescriptor(Cpu cpu, int selector, long descriptor, long returnOffset) {
        switch (kind(cpu, selector, descriptor)) {
            case CALL_GATE -> callThroughGate(cpu, selector, descriptor, returnOffset);
            case TASK_GATE -> TaskSwitch.throughGate(cpu, selector, descriptor, TaskSwitch.Cause.CALL, returnOffset);
            case TASK_STATE -> TaskSwitch.direct(cpu, selector, TaskSwitch.Cause.CALL, returnOffset);
            case UNSUITABLE -> throw new IllegalStateException();
        }
    }

    private static void callThroughGate(Cpu cpu, int selector, long gate, long returnOffset) {
        int target = gateTarget(cpu, selector, gate);
        long code = DescriptorTable.read(cpu, target, GENERAL_PROTECTION);
        checkGateCode(cpu, target, code);
        CodeTarget.checkPresent(cpu, target, code);
        long offset = gateOffset(cpu, selector, gate);
        int size = cpu.longMode ? 64 : SegmentDescriptor.gateSize(gate);
        int privilege = SegmentDescriptor.privilege(code);
        if (SegmentDescriptor.isConformingCode(code) || privilege == cpu.cpl) {
            callSamePrivilege(cpu, target, code, offset, size, returnOffset);
            return;
        }
        TransferStack stack = cpu.transferStack;
        if (cpu.longMode) stack.useFlat(privilege, privilege, TaskStateSegment.stackPointer(cpu, privilege));
        else TaskStateSegment.useInnerStack(cpu, stack, privilege);
        CodeTarget.checkOffset(cpu, code, offset);
        stack.markAccessed(cpu);
        long marked = DescriptorTable.markAccessed(cpu, target, code);
        stack.push(cpu, size, cpu.selector[SS]);
        stack.push(cpu, size, cpu.gpr[RSP]);
        if (!cpu.longMode) copyParameters(cpu, stack, SegmentDescriptor.parameterCount(gate), size);
        stack.push(cpu, size, cpu.selector[CS]);
        stack.push(cpu, size, returnOffset);
        stack.commit(cpu);
        CodeTarget.commit(cpu, target, privilege, marked, offset);
        cpu.updateCodeAndStack();
    }

    /** The caller's stack top goes to the inner stack, in the same order. */
    private static void copyParameters(Cpu cpu, TransferStack stack, int count, int size) {
        for (int n = count - 1; n >= 0; n--) {
            long offset = cpu.gpr[RSP] + (long) n * (size / 8) & cpu.stackMask;
            long linear = cpu.readAddress(SS, offset, size / 8);
            stack.push(cpu, size, size == 16 ? cpu.memory.read16(linear) : cpu.memory.read32(linear));
        }
    }

    // ---- gates

    private enum Kind {
        CALL_GATE,
        TASK_GATE,
        TASK_STATE,
        UNSUITABLE
    }

    /** What a system descriptor leads to; type, privilege and presence checked as JMP and CALL want them. */
    private static Kind kind(Cpu cpu, int selector, long descriptor) {
        Kind kind = kindOf(cpu, SegmentDescriptor.type(descriptor));
        int privilege = SegmentDescriptor.privilege(descriptor);
        boolean privileged = privilege >= cpu.cpl && privilege >= Selector.requestedPrivilege(selector);
        if (kind == Kind.UNSUITABLE || !privileged) throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, selector);
        if (!SegmentDescriptor.isPresent(descriptor)) {
            throw DescriptorTable.fault(cpu, SEGMENT_NOT_PRESENT, selector);
        }
        return kind;
    }

    /** In long mode there are 64-bit call gates only, and no task switches. */
    private static Kind kindOf(Cpu cpu, int type) {
        if (type == SegmentDescriptor.CALL_GATE) return Kind.CALL_GATE;
        if (cpu.longMode) return Kind.UNSUITABLE;
        return switch (type) {
            case SegmentDescriptor.CALL_GATE_16_BIT -> Kind.CALL_GATE;
            case SegmentDescriptor.TASK_GATE -> Kind.TASK_GATE;
            case SegmentDescriptor.AVAILABLE_TSS, SegmentDescriptor.AVAILABLE_16_BIT_TSS -> Kind.TASK_STATE;
            default -> Kind.UNSUITABLE;
        };
    }

    /** Selector in a call gate, not null. In long mode the gate is 16 bytes long. */
    private static int gateTarget(Cpu cpu, int selector, long gate) {
        if (cpu.longMode) DescriptorTable.readUpper(cpu, selector, GENERAL_PROTECTION);
        int target = SegmentDescriptor.gateSelector(gate);
        if (Selector.isNull(target)) throw cpu.generalProtection(0);
        return target;
    }

    private static long gateOffset(Cpu cpu, int selector, long gate) {
        long offset = SegmentDescriptor.gateOffset(gate);
        if (!cpu.longMode) return offset;
        offset |= DescriptorTable.readUpper(cpu, selector, GENERAL_PROTECTION) << 32;
        if (!LinearMemory.canonical(offset)) throw cpu.generalProtection(0);
        return offset;
    }

    /** A gate leads to code that is at least as privileged; in long mode to 64-bit code only. */
    private static void checkGateCode(Cpu cpu, int target, long code) {
        boolean wrongSize = cpu.longMode && (!SegmentDescriptor.isLong(code) || SegmentDescriptor.isBig(code));
        if (!SegmentDescriptor.isCode(code) || SegmentDescriptor.privilege(code) > cpu.cpl || wrongSize) {
            throw DescriptorTable.fault(cpu, GENERAL_PROTECTION, target);
        }
    }

    // ---- RET

    /** {@code released}: bytes of parameters that RET takes off the stack, off both when the privilege changes. */
    public static void ret(Cpu cpu, int size, int released) {
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        long offset = stack.pop(cpu, size);
        int selector = (int) stack.pop(cpu, size) & 0xFFFF;
        stack.skip(released);
        if (unprotected(cpu)) {
            // The stack pointer moves with the old width: committed first, once nothing can fault any more.
            if (offset > cpu.segmentLimit[CS]) throw cpu.generalProtection(0);
            stack.commit(cpu);
            enterUnprotected(cpu, selector, offset);
            return;
        }
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        CodeTarget.checkReturn(cpu, selector, descriptor);
        int privilege = Selector.requestedPrivilege(selector);
        if (privilege != cpu.cpl) {
            OuterReturn.popStack(cpu, stack, size, privilege, CodeTarget.runs64Bit(cpu, descriptor), STACK_FAULT);
            stack.skip(released);
        }
        CodeTarget.checkOffset(cpu, descriptor, offset);
        stack.markAccessed(cpu);
        long marked = DescriptorTable.markAccessed(cpu, selector, descriptor);
        OuterReturn.commit(cpu, stack, selector, privilege, marked, offset);
    }
}
