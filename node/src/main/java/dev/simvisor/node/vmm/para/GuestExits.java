package dev.simvisor.node.vmm.para;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.emulate.PageTableWrites;
import dev.simvisor.node.vmm.para.emulate.PrivilegedInstructions;
import dev.simvisor.node.vmm.para.hypercall.HypercallTable;
import dev.simvisor.node.vmm.para.hypercall.Preempted;
import dev.simvisor.node.vmm.para.trap.TrapFrame;

/**
 * What the VMM does when a vCPU leaves the guest: hypercalls, system calls on their way to the guest's kernel, its few
 * privileged instructions and page-table stores; every other exception is the guest's own, and its kernel is entered for it.
 */
final class GuestExits {
    private static final int R8 = 8;
    private static final int R9 = 9;
    private static final int R10 = 10;
    private static final int R11 = 11;
    private static final int[] ARGUMENTS = {Cpu.RDI, Cpu.RSI, Cpu.RDX, R10, R8, R9};
    private static final int CODE_64 = 64;
    private static final int DEBUG_STATUS = 6;
    // Of the error code
    private static final int PRESENT_AND_WRITE = 3;
    private static final int USER = 4;
    private static final int IDT = 2;
    private static final int VECTOR_SHIFT = 3;

    private final Vcpu vcpu;
    private final Cpu cpu;
    private final HypercallTable hypercalls;
    private final ExitLedger ledger;
    private final PageTableWrites pageTableWrites;
    private final long[] arguments = new long[ARGUMENTS.length];

    GuestExits(Vcpu vcpu, HypercallTable hypercalls) {
        this.vcpu = vcpu;
        this.cpu = vcpu.cpu();
        this.hypercalls = hypercalls;
        this.ledger = vcpu.domain().ledger();
        this.pageTableWrites = new PageTableWrites(vcpu);
    }

    /** Enters the kernel for events if some are pending and it does not mask them, on the way back from the VMM. */
    void deliverEvents() {
        if (!vcpu.takeVmmEntered() || !vcpu.upcallPending() || vcpu.upcallsMasked()) return;
        ledger.count(ExitKind.INTERRUPT_DELIVERY);
        vcpu.renewTime();
        TrapFrame.enter(vcpu, vcpu.event.address(), true);
    }

    void answer() {
        Exit exit = cpu.exit;
        if (exit.kind != Exit.Kind.NONE) vcpu.vmmEntered();
        switch (exit.kind) {
            case NONE -> {}
            case EXCEPTION -> answerException(exit);
            case CALLOUT, NON_ROOT -> throw new IllegalStateException("no such exit without translation: " + exit.kind);
        }
    }

    private void answerException(Exit exit) {
        switch (exit.vector) {
            case GuestException.PAGE_FAULT -> pageFault(exit);
            case GuestException.INVALID_OPCODE -> invalidOpcode(exit);
            case GuestException.GENERAL_PROTECTION -> generalProtection(exit);
            case GuestException.DEVICE_NOT_AVAILABLE -> {
                vcpu.taskSwitched(false);
                reflect(exit);
            }
            default -> reflect(exit);
        }
    }

    /**
     * The exception is the guest's own. One that an instruction raised counts as one. So does a breakpoint on an instruction,
     * which is a fault as well (SDM Vol 3B §17.3.1.1): of a handler that begins with one there would be no end, and no time
     * would pass (as CVE-2015-8104). A debug trap does not: it comes after an instruction that has counted.
     */
    private void reflect(Exit exit) {
        ledger.count(ExitKind.REFLECTED_EXCEPTION);
        if (exit.vector != GuestException.DEBUG || exit.instruction != null || takeBreakpoints()) {
            cpu.completedInstructions++;
        }
        TrapFrame.enterVector(vcpu, exit.vector, exit.hasErrorCode, exit.errorCode);
    }

    /** Enters the breakpoints into DR6 that #DB is for; what a trap is for is there already. Whether there were any. */
    private boolean takeBreakpoints() {
        long hit = cpu.pendingDebugTraps;
        cpu.pendingDebugTraps = 0;
        cpu.dr[DEBUG_STATUS] |= hit;
        return hit != 0;
    }

    private void pageFault(Exit exit) {
        boolean mayBeTable = vcpu.inKernel() && (exit.errorCode & PRESENT_AND_WRITE) == PRESENT_AND_WRITE;
        if (mayBeTable && exit.instruction != null && pageTableWrites.emulate(exit.instruction, exit.faultAddress))
            return;
        ledger.count(ExitKind.TRUE_PAGE_FAULT);
        cpu.completedInstructions++;
        // To the processor the kernel is a program like any other; to the kernel it is not.
        int errorCode = vcpu.inKernel() ? exit.errorCode & ~USER : exit.errorCode | USER;
        vcpu.faultAddress(exit.faultAddress);
        TrapFrame.enterVector(vcpu, GuestException.PAGE_FAULT, true, errorCode);
    }

    private void invalidOpcode(Exit exit) {
        Instruction instruction = exit.instruction;
        if (instruction != null && mnemonic(instruction).equals("SYSCALL") && cpu.codeSize == CODE_64) {
            if (vcpu.inKernel()) hypercall(instruction);
            else systemCall(instruction);
            return;
        }
        if (PrivilegedInstructions.prefixedCpuid(vcpu)) return;
        reflect(exit);
    }

    private static String mnemonic(Instruction instruction) {
        return instruction.row.mnemonic(instruction.operandSize);
    }

    /** The registers that SYSCALL overwrites are overwritten. */
    private void passSyscall(Instruction instruction) {
        cpu.rip += instruction.length;
        cpu.completedInstructions++;
        cpu.gpr[Cpu.RCX] = cpu.rip;
        cpu.gpr[R11] = cpu.rflags();
    }

    private void hypercall(Instruction instruction) {
        passSyscall(instruction);
        for (int n = 0; n < ARGUMENTS.length; n++) arguments[n] = cpu.gpr[ARGUMENTS[n]];
        try {
            cpu.gpr[Cpu.RAX] = hypercalls.call(vcpu, cpu.gpr[Cpu.RAX] & 0xFFFF_FFFFL, arguments);
        } catch (Preempted rest) {
            // Events may come in between: the guest is back before its SYSCALL, as after an interrupt.
            for (int n = 0; n < ARGUMENTS.length; n++) cpu.gpr[ARGUMENTS[n]] = arguments[n];
            cpu.rip -= instruction.length;
        }
    }

    private void systemCall(Instruction instruction) {
        ledger.count(ExitKind.SYSTEM_CALL);
        passSyscall(instruction);
        TrapFrame.enter(vcpu, vcpu.syscall.address(), vcpu.syscall.disablesEvents());
    }

    private void generalProtection(Exit exit) {
        if ((exit.errorCode & IDT) != 0) {
            softwareInterrupt(exit);
            return;
        }
        Instruction instruction = exit.instruction;
        if (instruction != null) {
            if (mnemonic(instruction).equals("SYSENTER") && !vcpu.inKernel() && vcpu.sysenter.isRegistered()) {
                ledger.count(ExitKind.SYSTEM_CALL);
                cpu.rip += instruction.length;
                cpu.completedInstructions++;
                TrapFrame.enter(vcpu, vcpu.sysenter.address(), vcpu.sysenter.disablesEvents());
                return;
            }
            if (PrivilegedInstructions.emulate(vcpu, instruction)) return;
        }
        reflect(exit);
    }

    /** INT n, if the guest lets its caller; INT3 and INTO are for everybody. */
    private void softwareInterrupt(Exit exit) {
        int vector = exit.errorCode >>> VECTOR_SHIFT & 0xFF;
        Instruction instruction = exit.instruction;
        boolean open = vector == GuestException.BREAKPOINT || vector == GuestException.OVERFLOW;
        boolean allowed = open || vcpu.traps.privilege(vector) >= (vcpu.inKernel() ? 1 : 3);
        if (instruction == null || !allowed || vcpu.traps.address(vector) == 0) {
            reflect(exit);
            return;
        }
        ledger.count(vector == 0x80 ? ExitKind.SYSTEM_CALL : ExitKind.REFLECTED_EXCEPTION);
        cpu.rip += instruction.length;
        cpu.completedInstructions++;
        TrapFrame.enterVector(vcpu, vector, false, 0);
    }
}
