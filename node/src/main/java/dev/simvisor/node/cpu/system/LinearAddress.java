package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.Cpu;

/** Addresses of system structures. */
final class LinearAddress {
    private LinearAddress() {}

    /** A sum of base and offset as the processor's mode sees it: 64 bits in long mode, else 32. */
    static long wrap(Cpu cpu, long address) {
        return cpu.longMode ? address : address & 0xFFFF_FFFFL;
    }
}
