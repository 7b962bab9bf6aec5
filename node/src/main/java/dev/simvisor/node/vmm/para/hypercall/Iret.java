package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.trap.TrapFrame;

/** Returns from a trap, an event or a system call: {@code struct iret_context} on the kernel's stack. */
final class Iret implements Hypercall {
    private static final int IN_SYSTEM_CALL = 1 << 8;

    @Override
    public int number() {
        return 23;
    }

    @Override
    public String hypercallName() {
        return "iret";
    }

    @Override
    public String about() {
        return "returns from a trap, an event or a system call: struct iret_context on the kernel's stack";
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        Cpu cpu = vcpu.cpu();
        GuestAccess access = vcpu.access();
        long frame = cpu.gpr[Cpu.RSP];
        long[] image = new long[9];
        try {
            for (int n = 0; n < image.length; n++) image[n] = access.readLong(frame + 8L * n);
        } catch (XenError unreadable) {
            vcpu.domain().crash("the frame of an iret hypercall at 0x%x cannot be read".formatted(frame));
            return 0;
        }
        long rax = image[0];
        long flags = image[3];
        int selector = (int) image[5] & 0xFFFF;
        int rflags = (int) image[6];
        if ((selector & 3) == 3) {
            if (!vcpu.hasUserTable()) {
                vcpu.domain().crash("an iret hypercall to user mode without page tables for it");
                return 0;
            }
            vcpu.toggleMode();
        }
        if (vcpu.domain().assists(Domain.ASSIST_ARCHITECTURAL_IOPL)) vcpu.virtualIopl = rflags & Flags.IOPL;
        if ((flags & IN_SYSTEM_CALL) == 0) {
            cpu.gpr[11] = image[1];
            cpu.gpr[Cpu.RCX] = image[2];
        }
        vcpu.maskUpcalls((rflags & Flags.IF) == 0);
        try {
            vcpu.returnTo(image[4], selector | 3, rflags, image[7], (int) image[8] & 0xFFFF | 3);
        } catch (GuestException impossible) {
            TrapFrame.failsafe(vcpu, image[4], selector, rflags, image[7], (int) image[8] & 0xFFFF | 3);
        }
        return rax;
    }
}
