package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How a vCPU starts: {@code struct vcpu_guest_context} of the public header arch-x86/xen.h, 64-bit. */
final class VcpuContext {
    static final int SIZE = 5168;

    private static final int FLAGS = 512;
    private static final int IN_KERNEL = 1 << 2;
    private static final int REGISTERS = 520;
    private static final int RIP = REGISTERS + 128;
    private static final int CS = REGISTERS + 136;
    private static final int RFLAGS = REGISTERS + 144;
    private static final int RSP = REGISTERS + 152;
    private static final int SS = REGISTERS + 160;
    private static final int TRAPS = 720;
    private static final int LDT_BASE = 4816;
    private static final int LDT_ENTRIES = 4824;
    private static final int GDT_FRAMES = 4832;
    private static final int GDT_ENTRIES = 4960;
    private static final int KERNEL_SS = 4968;
    private static final int KERNEL_SP = 4976;
    private static final int CONTROL = 4984;
    private static final int EVENT_CALLBACK = 5112;
    private static final int FAILSAFE_CALLBACK = 5120;
    private static final int SYSCALL_CALLBACK = 5128;
    private static final int FS_BASE = 5144;
    private static final int GS_BASE_KERNEL = 5152;
    private static final int GS_BASE_USER = 5160;

    /** The registers of {@code struct cpu_user_regs} before its error code, as this processor numbers them. */
    private static final int[] GENERAL = {
        15, 14, 13, 12, Cpu.RBP, Cpu.RBX, 11, 10, 9, 8, Cpu.RAX, Cpu.RCX, Cpu.RDX, Cpu.RSI, Cpu.RDI
    };

    private VcpuContext() {}

    /** Throws EINVAL, or what taking the page and descriptor tables throws, with the vCPU not initialised. */
    static void load(Vcpu vcpu, byte[] context) {
        ByteBuffer in = ByteBuffer.wrap(context).order(ByteOrder.LITTLE_ENDIAN);
        check(in);
        DomainMemory memory = vcpu.domain().memory();
        int root = memory.gfn(in.getLong(CONTROL + 8 * 3) >>> 12);
        if (root == DomainMemory.NONE) throw XenError.EINVAL;
        vcpu.gdt(gdtFrames(in, memory));
        vcpu.kernelTable(root);
        long user = in.getLong(CONTROL + 8) >>> 12;
        if (user != 0) {
            int userRoot = memory.gfn(user);
            if (userRoot == DomainMemory.NONE) throw XenError.EINVAL;
            vcpu.userTable(userRoot);
        }
        for (int vector = 0; vector < 256; vector++) {
            int entry = TRAPS + 16 * vector;
            vcpu.traps.set(vector, in.get(entry + 1), in.getShort(entry + 2) & 0xFFFF | 3, in.getLong(entry + 8));
        }
        vcpu.ldt(in.getLong(LDT_BASE), (int) in.getLong(LDT_ENTRIES));
        vcpu.kernelStackSelector = (int) in.getLong(KERNEL_SS) & 0xFFFF | 3;
        vcpu.kernelStack = in.getLong(KERNEL_SP);
        vcpu.event.set(in.getLong(EVENT_CALLBACK), true);
        vcpu.failsafe.set(in.getLong(FAILSAFE_CALLBACK), false);
        vcpu.syscall.set(in.getLong(SYSCALL_CALLBACK), false);
        registers(vcpu, in);
        vcpu.initialised(true);
    }

    private static void check(ByteBuffer in) {
        boolean kernel = (in.getLong(FLAGS) & IN_KERNEL) != 0;
        boolean canonical = LinearMemory.canonical(in.getLong(RIP))
                && LinearMemory.canonical(in.getLong(EVENT_CALLBACK))
                && LinearMemory.canonical(in.getLong(FAILSAFE_CALLBACK))
                && LinearMemory.canonical(in.getLong(SYSCALL_CALLBACK))
                && LinearMemory.canonical(in.getLong(FS_BASE))
                && LinearMemory.canonical(in.getLong(GS_BASE_KERNEL))
                && LinearMemory.canonical(in.getLong(GS_BASE_USER));
        long ldtEntries = in.getLong(LDT_ENTRIES);
        if (!kernel || !canonical || ldtEntries < 0 || ldtEntries > 8192) throw XenError.EINVAL;
    }

    private static int[] gdtFrames(ByteBuffer in, DomainMemory memory) {
        long entries = in.getLong(GDT_ENTRIES);
        if (entries < 0 || entries > 512 * HypervisorSpace.RESERVED_PAGE) throw XenError.EINVAL;
        int[] gfns = new int[(int) (entries + 511) / 512];
        for (int n = 0; n < gfns.length; n++) {
            gfns[n] = memory.gfn(in.getLong(GDT_FRAMES + 8 * n));
            if (gfns[n] == DomainMemory.NONE) throw XenError.EINVAL;
        }
        return gfns;
    }

    private static void registers(Vcpu vcpu, ByteBuffer in) {
        Cpu cpu = vcpu.cpu();
        for (int n = 0; n < GENERAL.length; n++) cpu.gpr[GENERAL[n]] = in.getLong(REGISTERS + 8 * n);
        int flags = (int) in.getLong(RFLAGS);
        vcpu.virtualIopl = flags & Flags.IOPL;
        cpu.segmentBase[SegmentRegister.FS] = in.getLong(FS_BASE);
        cpu.segmentBase[SegmentRegister.GS] = in.getLong(GS_BASE_KERNEL);
        cpu.msr.kernelGsBase = in.getLong(GS_BASE_USER);
        cpu.updateMode();
        vcpu.returnTo(
                in.getLong(RIP), in.getShort(CS) & 0xFFFF | 3, flags, in.getLong(RSP), in.getShort(SS) & 0xFFFF | 3);
    }
}
