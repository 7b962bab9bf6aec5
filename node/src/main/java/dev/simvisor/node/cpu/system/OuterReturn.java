package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.GuestException.GENERAL_PROTECTION;

import dev.simvisor.node.cpu.Cpu;

/** What RET and IRET have in common when they return to an outer privilege level (SDM Vol 2 RET, IRET). */
final class OuterReturn {
    private OuterReturn() {}

    /**
     * Pops the outer stack's pointer and selector and turns {@code stack} into that stack.
     *
     * @param notPresent the vector for a stack segment that is not present: #SS for RET, #NP for IRET
     */
    static void popStack(Cpu cpu, TransferStack stack, int size, int privilege, boolean to64Bit, int notPresent) {
        long pointer = stack.pop(cpu, size);
        int selector = (int) stack.pop(cpu, size) & 0xFFFF;
        if (Selector.isNull(selector)) {
            boolean allowed = to64Bit && privilege != 3 && Selector.requestedPrivilege(selector) == privilege;
            if (!allowed) throw cpu.generalProtection(0);
            stack.useFlat(privilege, selector, pointer);
            return;
        }
        long descriptor = Segmentation.stackDescriptor(cpu, selector, privilege, GENERAL_PROTECTION, notPresent);
        stack.useDescriptor(selector, descriptor, pointer);
        if (to64Bit) stack.widen(pointer);
    }

    static void commit(Cpu cpu, TransferStack stack, int selector, int privilege, long descriptor, long offset) {
        boolean outer = privilege != cpu.cpl;
        stack.commit(cpu);
        CodeTarget.commit(cpu, selector, privilege, descriptor, offset);
        if (outer) Segmentation.dropInnerSegments(cpu, privilege);
        cpu.updateCodeAndStack();
    }
}
