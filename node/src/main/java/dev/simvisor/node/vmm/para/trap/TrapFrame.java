package dev.simvisor.node.vmm.para.trap;

import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.SegmentRegister.CS;
import static dev.simvisor.node.cpu.SegmentRegister.DS;
import static dev.simvisor.node.cpu.SegmentRegister.ES;
import static dev.simvisor.node.cpu.SegmentRegister.FS;
import static dev.simvisor.node.cpu.SegmentRegister.GS;
import static dev.simvisor.node.cpu.SegmentRegister.SS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.system.FlatSegments;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;

/**
 * Entries into the guest's kernel. On its stack it finds, from the lowest address: RCX, R11, the error code if there is one,
 * and what the processor would have pushed (RIP, CS, RFLAGS, RSP, SS). CS has privilege level 0 if the kernel was interrupted,
 * and the event mask of that time in bit 32; the interrupt flag shown is the opposite of that mask.
 */
public final class TrapFrame {
    private static final int R11 = 11;
    private static final int RING_3 = 3;
    private static final int MASK_SHIFT = 32;
    private static final long ALIGNMENT = 15;
    private static final int NO_ERROR_CODE = -1;
    /** What an entry clears, as an interrupt gate does. */
    private static final int CLEARED = Flags.TF | Flags.NT | Flags.RF | Flags.AC;

    private TrapFrame() {}

    /** Enters the kernel at an address, for something without an error code. */
    public static void enter(Vcpu vcpu, long address, boolean maskEvents) {
        enter(vcpu, address, NO_ERROR_CODE, maskEvents);
    }

    /** Enters the kernel's handler of a vector; ends the domain if it has none. */
    public static void enterVector(Vcpu vcpu, int vector, boolean hasErrorCode, int errorCode) {
        long address = vcpu.traps.address(vector);
        if (address == 0) {
            vcpu.domain()
                    .crash("trap %d at 0x%x, for which the guest has no handler".formatted(vector, vcpu.cpu().rip));
            return;
        }
        enter(vcpu, address, hasErrorCode ? errorCode : NO_ERROR_CODE, vcpu.traps.disablesEvents(vector));
    }

    private static void enter(Vcpu vcpu, long address, int errorCode, boolean maskEvents) {
        Cpu cpu = vcpu.cpu();
        long selector = cpu.selector[CS];
        int length = errorCode == NO_ERROR_CODE ? 7 : 8;
        long[] frame = new long[length];
        frame[0] = cpu.gpr[RCX];
        frame[1] = cpu.gpr[R11];
        if (errorCode != NO_ERROR_CODE) frame[2] = errorCode & 0xFFFF_FFFFL;
        returnImage(vcpu, frame, cpu.rip, selector, cpu.rflags(), cpu.gpr[RSP], cpu.selector[SS]);
        push(vcpu, frame, address, maskEvents);
    }

    /** Tells the kernel that a return it asked for is impossible: it finds its data segments below the return image. */
    public static void failsafe(Vcpu vcpu, long rip, int selector, int flags, long stack, int stackSelector) {
        Cpu cpu = vcpu.cpu();
        long[] frame = new long[11];
        frame[0] = cpu.gpr[RCX];
        frame[1] = cpu.gpr[R11];
        frame[2] = cpu.selector[DS];
        frame[3] = cpu.selector[ES];
        frame[4] = cpu.selector[FS];
        frame[5] = cpu.selector[GS];
        returnImage(vcpu, frame, rip, selector, flags, stack, stackSelector);
        push(vcpu, frame, vcpu.failsafe.address(), vcpu.failsafe.disablesEvents());
    }

    private static void returnImage(
            Vcpu vcpu, long[] frame, long rip, long selector, int flags, long stack, long stackSelector) {
        boolean masked = vcpu.upcallsMasked();
        int at = frame.length - 5;
        long shown = vcpu.inKernel() ? selector & ~RING_3 : selector;
        frame[at] = rip;
        frame[at + 1] = shown | (masked ? 1L << MASK_SHIFT : 0);
        frame[at + 2] = flags & ~(Flags.IF | Flags.IOPL) | (masked ? 0 : Flags.IF) | vcpu.virtualIopl;
        frame[at + 3] = stack;
        frame[at + 4] = stackSelector;
    }

    private static void push(Vcpu vcpu, long[] frame, long address, boolean maskEvents) {
        Cpu cpu = vcpu.cpu();
        long top = vcpu.inKernel() ? cpu.gpr[RSP] : vcpu.kernelStack;
        long stack = (top & ~ALIGNMENT) - 8L * frame.length;
        if (!vcpu.inKernel()) vcpu.toggleMode();
        if (address == 0) {
            vcpu.domain()
                    .crash("an entry into the guest's kernel at 0x%x that it has not registered".formatted(cpu.rip));
            return;
        }
        try {
            GuestAccess access = vcpu.access();
            for (int n = 0; n < frame.length; n++) access.writeLong(stack + 8L * n, frame[n]);
        } catch (XenError unmapped) {
            vcpu.domain()
                    .crash("the guest's kernel has no stack at 0x%x for an entry from 0x%x".formatted(stack, cpu.rip));
            return;
        }
        if (maskEvents) vcpu.maskUpcalls(true);
        cpu.gpr[RSP] = stack;
        cpu.rip = address;
        FlatSegments.setCode(cpu, HypervisorSpace.FLAT_CODE_64, RING_3, 64);
        FlatSegments.setStack(cpu, HypervisorSpace.FLAT_DATA, RING_3);
        cpu.rflags(cpu.rflags() & ~CLEARED);
        cpu.updateMode();
    }
}
