package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;

/** Moves and conversions that touch no flags (SDM Vol 1 §7.3.1). */
public final class DataMovement {
    private DataMovement() {}

    public static int mov8(int a) {
        return a;
    }

    public static int mov16(int a) {
        return a;
    }

    public static int mov32(int a) {
        return a;
    }

    public static long mov64(long a) {
        return a;
    }

    public static long movzx(long a) {
        return a;
    }

    public static long movsxb(int a) {
        return (byte) a;
    }

    public static long movsxw(int a) {
        return (short) a;
    }

    public static long movsxd(int a) {
        return a;
    }

    public static int movnti32(int a) {
        return a;
    }

    public static long movnti64(long a) {
        return a;
    }

    public static int movbe16(int a) {
        return Short.reverseBytes((short) a);
    }

    public static int movbe32(int a) {
        return Integer.reverseBytes(a);
    }

    public static long movbe64(long a) {
        return Long.reverseBytes(a);
    }

    /** The operand is the effective address itself. */
    public static long lea(long address) {
        return address;
    }

    public static void nop() {}

    public static void pause(Cpu cpu) {
        cpu.pause();
    }

    /** Caches are not simulated; what remains is the fault of an address that cannot be read. */
    public static void clflush(Cpu cpu, Instruction i) {
        cpu.memory.read8(cpu.readAddress(i, 1));
    }

    public static void cbw16(Cpu cpu) {
        cpu.reg16(RAX, (byte) cpu.gpr[RAX]);
    }

    public static void cbw32(Cpu cpu) {
        cpu.reg32(RAX, (short) cpu.gpr[RAX]);
    }

    public static void cbw64(Cpu cpu) {
        cpu.gpr[RAX] = (int) cpu.gpr[RAX];
    }

    public static void cwd16(Cpu cpu) {
        cpu.reg16(RDX, (short) cpu.gpr[RAX] >> 15);
    }

    public static void cwd32(Cpu cpu) {
        cpu.reg32(RDX, (int) cpu.gpr[RAX] >> 31);
    }

    public static void cwd64(Cpu cpu) {
        cpu.gpr[RDX] = cpu.gpr[RAX] >> 63;
    }

    /** AL = [rBX + AL], in DS or the overriding segment. */
    public static void xlat(Cpu cpu, Instruction i) {
        long offset = cpu.gpr[RBX] + cpu.reg8(RAX) & i.addressMask();
        cpu.reg8(RAX, cpu.memory.read8(cpu.readAddress(i.segment, offset, 1)));
    }
}
