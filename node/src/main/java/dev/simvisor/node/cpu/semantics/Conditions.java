package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.decode.Instruction;

/** The sixteen conditions (SDM Vol 1 appendix B) and what depends on them: Jcc, SETcc, CMOVcc. */
public final class Conditions {
    private Conditions() {}

    private static boolean less(Cpu cpu) {
        return Flags.sign(cpu.flagResult, cpu.flagAux) != Flags.overflow(cpu.flagAux);
    }

    public static boolean isO(Cpu cpu) {
        return Flags.overflow(cpu.flagAux);
    }

    public static boolean isNo(Cpu cpu) {
        return !Flags.overflow(cpu.flagAux);
    }

    public static boolean isB(Cpu cpu) {
        return cpu.flagAux < 0;
    }

    public static boolean isAe(Cpu cpu) {
        return cpu.flagAux >= 0;
    }

    public static boolean isE(Cpu cpu) {
        return cpu.flagResult == 0;
    }

    public static boolean isNe(Cpu cpu) {
        return cpu.flagResult != 0;
    }

    public static boolean isBe(Cpu cpu) {
        return cpu.flagAux < 0 || cpu.flagResult == 0;
    }

    public static boolean isA(Cpu cpu) {
        return cpu.flagAux >= 0 && cpu.flagResult != 0;
    }

    public static boolean isS(Cpu cpu) {
        return Flags.sign(cpu.flagResult, cpu.flagAux);
    }

    public static boolean isNs(Cpu cpu) {
        return !Flags.sign(cpu.flagResult, cpu.flagAux);
    }

    public static boolean isP(Cpu cpu) {
        return Flags.parity(cpu.flagResult, cpu.flagAux);
    }

    public static boolean isNp(Cpu cpu) {
        return !Flags.parity(cpu.flagResult, cpu.flagAux);
    }

    public static boolean isL(Cpu cpu) {
        return less(cpu);
    }

    public static boolean isGe(Cpu cpu) {
        return !less(cpu);
    }

    public static boolean isLe(Cpu cpu) {
        return cpu.flagResult == 0 || less(cpu);
    }

    public static boolean isG(Cpu cpu) {
        return cpu.flagResult != 0 && !less(cpu);
    }

    public static void jo(Cpu cpu, Instruction i) {
        if (isO(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jno(Cpu cpu, Instruction i) {
        if (isNo(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jb(Cpu cpu, Instruction i) {
        if (isB(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jae(Cpu cpu, Instruction i) {
        if (isAe(cpu)) NearBranches.jump(cpu, i);
    }

    public static void je(Cpu cpu, Instruction i) {
        if (isE(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jne(Cpu cpu, Instruction i) {
        if (isNe(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jbe(Cpu cpu, Instruction i) {
        if (isBe(cpu)) NearBranches.jump(cpu, i);
    }

    public static void ja(Cpu cpu, Instruction i) {
        if (isA(cpu)) NearBranches.jump(cpu, i);
    }

    public static void js(Cpu cpu, Instruction i) {
        if (isS(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jns(Cpu cpu, Instruction i) {
        if (isNs(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jp(Cpu cpu, Instruction i) {
        if (isP(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jnp(Cpu cpu, Instruction i) {
        if (isNp(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jl(Cpu cpu, Instruction i) {
        if (isL(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jge(Cpu cpu, Instruction i) {
        if (isGe(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jle(Cpu cpu, Instruction i) {
        if (isLe(cpu)) NearBranches.jump(cpu, i);
    }

    public static void jg(Cpu cpu, Instruction i) {
        if (isG(cpu)) NearBranches.jump(cpu, i);
    }

    public static int seto(Cpu cpu) {
        return isO(cpu) ? 1 : 0;
    }

    public static int setno(Cpu cpu) {
        return isNo(cpu) ? 1 : 0;
    }

    public static int setb(Cpu cpu) {
        return isB(cpu) ? 1 : 0;
    }

    public static int setae(Cpu cpu) {
        return isAe(cpu) ? 1 : 0;
    }

    public static int sete(Cpu cpu) {
        return isE(cpu) ? 1 : 0;
    }

    public static int setne(Cpu cpu) {
        return isNe(cpu) ? 1 : 0;
    }

    public static int setbe(Cpu cpu) {
        return isBe(cpu) ? 1 : 0;
    }

    public static int seta(Cpu cpu) {
        return isA(cpu) ? 1 : 0;
    }

    public static int sets(Cpu cpu) {
        return isS(cpu) ? 1 : 0;
    }

    public static int setns(Cpu cpu) {
        return isNs(cpu) ? 1 : 0;
    }

    public static int setp(Cpu cpu) {
        return isP(cpu) ? 1 : 0;
    }

    public static int setnp(Cpu cpu) {
        return isNp(cpu) ? 1 : 0;
    }

    public static int setl(Cpu cpu) {
        return isL(cpu) ? 1 : 0;
    }

    public static int setge(Cpu cpu) {
        return isGe(cpu) ? 1 : 0;
    }

    public static int setle(Cpu cpu) {
        return isLe(cpu) ? 1 : 0;
    }

    public static int setg(Cpu cpu) {
        return isG(cpu) ? 1 : 0;
    }

    public static long cmovo(Cpu cpu, long a, long b) {
        return isO(cpu) ? b : a;
    }

    public static long cmovno(Cpu cpu, long a, long b) {
        return isNo(cpu) ? b : a;
    }

    public static long cmovb(Cpu cpu, long a, long b) {
        return isB(cpu) ? b : a;
    }

    public static long cmovae(Cpu cpu, long a, long b) {
        return isAe(cpu) ? b : a;
    }

    public static long cmove(Cpu cpu, long a, long b) {
        return isE(cpu) ? b : a;
    }

    public static long cmovne(Cpu cpu, long a, long b) {
        return isNe(cpu) ? b : a;
    }

    public static long cmovbe(Cpu cpu, long a, long b) {
        return isBe(cpu) ? b : a;
    }

    public static long cmova(Cpu cpu, long a, long b) {
        return isA(cpu) ? b : a;
    }

    public static long cmovs(Cpu cpu, long a, long b) {
        return isS(cpu) ? b : a;
    }

    public static long cmovns(Cpu cpu, long a, long b) {
        return isNs(cpu) ? b : a;
    }

    public static long cmovp(Cpu cpu, long a, long b) {
        return isP(cpu) ? b : a;
    }

    public static long cmovnp(Cpu cpu, long a, long b) {
        return isNp(cpu) ? b : a;
    }

    public static long cmovl(Cpu cpu, long a, long b) {
        return isL(cpu) ? b : a;
    }

    public static long cmovge(Cpu cpu, long a, long b) {
        return isGe(cpu) ? b : a;
    }

    public static long cmovle(Cpu cpu, long a, long b) {
        return isLe(cpu) ? b : a;
    }

    public static long cmovg(Cpu cpu, long a, long b) {
        return isG(cpu) ? b : a;
    }
}
