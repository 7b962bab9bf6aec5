package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.INVALID_TSS;
import static dev.simvisor.node.cpu.GuestException.STACK_FAULT;
import static dev.simvisor.node.cpu.SegmentRegister.TR;

import dev.simvisor.node.cpu.AccessRights;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.mmu.LinearMemory;

/** What the processor reads from the current task-state segment outside a task switch (SDM Vol 3A §7.2, §7.7). */
final class TaskStateSegment {
    // Offsets of the first inner stack: figures 7-2 (32 bit), 7-10 (16 bit) and 7-11 (64 bit).
    private static final int STACK_0 = 4;
    private static final int STACK_0_16_BIT = 2;
    private static final int INTERRUPT_STACK_1 = 36;

    private TaskStateSegment() {}

    static boolean is16Bit(Cpu cpu) {
        return (cpu.segmentRights[TR] & 8) == 0;
    }

    static long address(Cpu cpu, int offset) {
        return LinearAddress.wrap(cpu, cpu.segmentBase[TR] + offset);
    }

    /** Sets up the stack that a legacy TSS holds for a more privileged level; raises #TS, or #SS when it is not present. */
    static void useInnerStack(Cpu cpu, TransferStack stack, int privilege) {
        int selector;
        long pointer;
        if (is16Bit(cpu)) {
            int offset = STACK_0_16_BIT + 4 * privilege;
            checkLimit(cpu, offset + 3);
            pointer = cpu.memory.readSystem16(address(cpu, offset));
            selector = cpu.memory.readSystem16(address(cpu, offset + 2));
        } else {
            int offset = STACK_0 + 8 * privilege;
            checkLimit(cpu, offset + 5);
            pointer = cpu.memory.readSystem32(address(cpu, offset)) & 0xFFFF_FFFFL;
            selector = cpu.memory.readSystem16(address(cpu, offset + 4));
        }
        if (Selector.isNull(selector)) throw cpu.raise(INVALID_TSS, 0);
        stack.useInner(
                selector, Segmentation.stackDescriptor(cpu, selector, privilege, INVALID_TSS, STACK_FAULT), pointer);
    }

    /** RSP0 to RSP2 of a 64-bit TSS. */
    static long stackPointer(Cpu cpu, int privilege) {
        return pointerAt(cpu, STACK_0 + 8 * privilege);
    }

    /** IST1 to IST7 of a 64-bit TSS. */
    static long interruptStackPointer(Cpu cpu, int index) {
        return pointerAt(cpu, INTERRUPT_STACK_1 + 8 * (index - 1));
    }

    private static long pointerAt(Cpu cpu, int offset) {
        checkLimit(cpu, offset + 7);
        long pointer = cpu.memory.readSystem64(address(cpu, offset));
        if (!LinearMemory.canonical(pointer)) throw cpu.raise(STACK_FAULT, 0);
        return pointer;
    }

    private static void checkLimit(Cpu cpu, int last) {
        boolean unusable = (cpu.segmentRights[TR] & AccessRights.UNUSABLE) != 0;
        if (unusable || last > cpu.segmentLimit[TR]) throw invalid(cpu);
    }

    private static GuestException invalid(Cpu cpu) {
        return DescriptorTable.fault(cpu, INVALID_TSS, cpu.selector[TR]);
    }
}
