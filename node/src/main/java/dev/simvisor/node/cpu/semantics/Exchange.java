package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;

/** XCHG, XADD, CMPXCHG and its wide forms, BSWAP (SDM Vol 2A, 2D). */
public final class Exchange {
    private Exchange() {}

    /** XCHG of r/m with a register. */
    public static void xchg(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        long old = OperandAccess.readRmForUpdate(cpu, i, size);
        OperandAccess.writeRm(cpu, i, size, OperandAccess.register(cpu, i.reg, size));
        OperandAccess.register(cpu, i.reg, size, old);
    }

    /** XCHG of rAX with the register in the opcode. */
    public static void xchgAccumulator(Cpu cpu, Instruction i) {
        long old = cpu.reg(i.rm, i.operandSize);
        cpu.reg(i.rm, i.operandSize, cpu.reg(RAX, i.operandSize));
        cpu.reg(RAX, i.operandSize, old);
    }

    public static void xadd(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        long old = OperandAccess.readRmForUpdate(cpu, i, size);
        long added = OperandAccess.register(cpu, i.reg, size);
        long sum = addition(cpu, old, added, size);
        if (i.memory) {
            // Before the register: it may be part of the address.
            OperandAccess.writeRm(cpu, i, size, sum);
            OperandAccess.register(cpu, i.reg, size, old);
        } else {
            // After the register: with twice the same the sum prevails.
            OperandAccess.register(cpu, i.reg, size, old);
            OperandAccess.writeRm(cpu, i, size, sum);
        }
    }

    private static long addition(Cpu cpu, long a, long b, int size) {
        return switch (size) {
            case 8 -> Arithmetic.add8(cpu, (int) a, (int) b);
            case 16 -> Arithmetic.add16(cpu, (int) a, (int) b);
            case 32 -> Arithmetic.add32(cpu, (int) a, (int) b);
            default -> Arithmetic.add64(cpu, a, b);
        };
    }

    /** The destination is written in either case, so it must be writable in either case. */
    public static void cmpxchg(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        long old = OperandAccess.readRmForUpdate(cpu, i, size);
        long expected = OperandAccess.register(cpu, RAX, size);
        if (old == expected) {
            OperandAccess.writeRm(cpu, i, size, OperandAccess.register(cpu, i.reg, size));
        } else {
            if (i.memory) OperandAccess.writeRm(cpu, i, size, old);
            OperandAccess.register(cpu, RAX, size, old);
        }
        comparison(cpu, expected, old, size);
    }

    private static void comparison(Cpu cpu, long a, long b, int size) {
        switch (size) {
            case 8 -> Arithmetic.cmp8(cpu, (int) a, (int) b);
            case 16 -> Arithmetic.cmp16(cpu, (int) a, (int) b);
            case 32 -> Arithmetic.cmp32(cpu, (int) a, (int) b);
            default -> Arithmetic.cmp64(cpu, a, b);
        }
    }

    public static void cmpxchg8b(Cpu cpu, Instruction i) {
        long linear = cpu.writeAddress(i, 8);
        cpu.memory.checkWrite(linear, 8);
        long old = cpu.memory.read64(linear);
        boolean equal = old == (cpu.gpr[RDX] << 32 | cpu.gpr[RAX] & 0xFFFF_FFFFL);
        if (equal) {
            cpu.memory.write64(linear, cpu.gpr[RCX] << 32 | cpu.gpr[RBX] & 0xFFFF_FFFFL);
        } else {
            cpu.memory.write64(linear, old);
            cpu.reg32(RAX, (int) old);
            cpu.reg32(RDX, (int) (old >>> 32));
        }
        zeroFlag(cpu, equal);
    }

    public static void cmpxchg16b(Cpu cpu, Instruction i) {
        long linear = cpu.writeAddress(i, 16);
        if ((linear & 15) != 0) throw cpu.generalProtection(0);
        cpu.memory.checkWrite(linear, 16);
        long low = cpu.memory.read64(linear);
        long high = cpu.memory.read64(linear + 8);
        boolean equal = low == cpu.gpr[RAX] && high == cpu.gpr[RDX];
        if (equal) {
            cpu.memory.write64(linear, cpu.gpr[RBX]);
            cpu.memory.write64(linear + 8, cpu.gpr[RCX]);
        } else {
            cpu.gpr[RAX] = low;
            cpu.gpr[RDX] = high;
        }
        zeroFlag(cpu, equal);
    }

    private static void zeroFlag(Cpu cpu, boolean zero) {
        int others = Flags.arithmetic(cpu.flagResult, cpu.flagAux) & ~Flags.ZF;
        cpu.arithmeticFlags(zero ? others | Flags.ZF : others);
    }

    /** BSWAP of a 16-bit register is undefined: zero, as silicon has it. */
    public static int bswap16(int a) {
        return 0;
    }

    public static int bswap32(int a) {
        return Integer.reverseBytes(a);
    }

    public static long bswap64(long a) {
        return Long.reverseBytes(a);
    }
}
