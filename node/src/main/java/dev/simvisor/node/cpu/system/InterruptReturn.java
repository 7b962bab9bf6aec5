package dev.simvisor.node.cpu.system;

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

/** IRET (SDM Vol 2A IRET/IRETD/IRETQ). */
public final class InterruptReturn {
    private static final long VIRTUAL_8086_LIMIT = 0xFFFF;

    private InterruptReturn() {}

    /** {@code size}: operand size in bits; {@code returnOffset}: the next instruction, which a task return saves. */
    public static void iret(Cpu cpu, int size, long returnOffset) {
        // Even an IRET that faults lets NMIs in again (SDM Vol 3A §6.7.1).
        cpu.nmiBlocked = false;
        cpu.attention = true;
        if (!cpu.protectedMode) {
            returnUnprotected(cpu, size);
        } else if (cpu.virtual8086) {
            if (cpu.ioPrivilegeLevel() < 3) throw cpu.generalProtection(0);
            returnUnprotected(cpu, size);
        } else if ((cpu.otherFlags & Flags.NT) != 0) {
            if (cpu.longMode) throw cpu.generalProtection(0);
            TaskSwitch.returnToPrevious(cpu, returnOffset);
        } else {
            returnProtected(cpu, size);
        }
    }

    private static void returnUnprotected(Cpu cpu, int size) {
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        long offset = stack.pop(cpu, size);
        int selector = (int) stack.pop(cpu, size) & 0xFFFF;
        int flags = (int) stack.pop(cpu, size);
        if (offset > cpu.segmentLimit[CS]) throw cpu.generalProtection(0);
        int writable = FlagImage.writable(cpu, size);
        stack.commit(cpu);
        if (cpu.virtual8086) Segmentation.loadVirtual8086(cpu, CS, selector);
        else Segmentation.loadRealMode(cpu, CS, selector);
        cpu.rip = offset;
        cpu.updateMode();
        FlagImage.load(cpu, flags, writable);
    }

    private static void returnProtected(Cpu cpu, int size) {
        TransferStack stack = cpu.transferStack;
        stack.useCurrent(cpu);
        long offset = stack.pop(cpu, size);
        int selector = (int) stack.pop(cpu, size) & 0xFFFF;
        int flags = (int) stack.pop(cpu, size);
        if ((flags & Flags.VM) != 0 && size == 32 && cpu.cpl == 0 && !cpu.longMode) {
            returnToVirtual8086(cpu, stack, selector, offset, flags);
            return;
        }
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long descriptor = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        CodeTarget.checkReturn(cpu, selector, descriptor);
        int privilege = Selector.requestedPrivilege(selector);
        // From 64-bit mode the stack is popped at the same privilege too (SDM Vol 3A §6.14.3).
        if (privilege != cpu.cpl || cpu.codeSize == 64) {
            OuterReturn.popStack(
                    cpu, stack, size, privilege, CodeTarget.runs64Bit(cpu, descriptor), SEGMENT_NOT_PRESENT);
        }
        CodeTarget.checkOffset(cpu, descriptor, offset);
        stack.markAccessed(cpu);
        long marked = DescriptorTable.markAccessed(cpu, selector, descriptor);
        int writable = FlagImage.writable(cpu, size);
        OuterReturn.commit(cpu, stack, selector, privilege, marked, offset);
        FlagImage.load(cpu, flags, writable);
    }

    /**
     * IRETQ to ring 3 by a VMM in ring 0 that is not simulated: what it would pop from the VMM's stack is given. Raises what
     * IRETQ raises, with nothing changed.
     */
    public static void toRing3(Cpu cpu, long offset, int selector, int flags, long pointer, int stackSelector) {
        if (Selector.isNull(selector)) throw cpu.generalProtection(0);
        long code = DescriptorTable.read(cpu, selector, GENERAL_PROTECTION);
        CodeTarget.checkReturn(cpu, selector, code);
        if (Selector.isNull(stackSelector)) throw cpu.generalProtection(0);
        long stack = Segmentation.stackDescriptor(cpu, stackSelector, 3, GENERAL_PROTECTION, SEGMENT_NOT_PRESENT);
        CodeTarget.checkOffset(cpu, code, offset);
        Segmentation.set(cpu, SS, stackSelector, DescriptorTable.markAccessed(cpu, stackSelector, stack));
        CodeTarget.commit(cpu, selector, 3, DescriptorTable.markAccessed(cpu, selector, code), offset);
        cpu.gpr[Cpu.RSP] = pointer;
        cpu.updateMode();
        cpu.rflags(flags);
    }

    /** SDM Vol 3A §20.2.2. */
    private static void returnToVirtual8086(Cpu cpu, TransferStack stack, int selector, long offset, int flags) {
        long pointer = stack.pop(cpu, 32);
        int ss = (int) stack.pop(cpu, 32) & 0xFFFF;
        int es = (int) stack.pop(cpu, 32) & 0xFFFF;
        int ds = (int) stack.pop(cpu, 32) & 0xFFFF;
        int fs = (int) stack.pop(cpu, 32) & 0xFFFF;
        int gs = (int) stack.pop(cpu, 32) & 0xFFFF;
        if (offset > VIRTUAL_8086_LIMIT) throw cpu.generalProtection(0);
        Segmentation.loadVirtual8086(cpu, CS, selector);
        Segmentation.loadVirtual8086(cpu, SS, ss);
        Segmentation.loadVirtual8086(cpu, ES, es);
        Segmentation.loadVirtual8086(cpu, DS, ds);
        Segmentation.loadVirtual8086(cpu, FS, fs);
        Segmentation.loadVirtual8086(cpu, GS, gs);
        cpu.gpr[Cpu.RSP] = pointer;
        cpu.rip = offset;
        FlagImage.load(cpu, flags, Flags.EVERY);
    }
}
