package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;

/** What instructions demand of the current privilege level. */
final class Privilege {
    private Privilege() {}

    /** Privileged instructions: #GP(0) unless CPL is 0. */
    static void requireKernel(Cpu cpu) {
        if (cpu.cpl != 0) throw cpu.generalProtection(0);
    }

    /** Instructions that the I/O privilege level guards. Real mode runs at CPL 0, virtual-8086 mode at 3. */
    static void requireIoPrivilege(Cpu cpu) {
        if (cpu.cpl > cpu.ioPrivilegeLevel()) throw cpu.generalProtection(0);
    }
}
