package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;

/** Decimal adjustment (SDM Vol 2A AAA to AAS, DAA, DAS). Undefined flags come out clear. */
public final class Decimal {
    private Decimal() {}

    private static int resultFlags(int result) {
        int flags = Flags.parity(result, 0) ? Flags.PF : 0;
        if ((result & 0x80) != 0) flags |= Flags.SF;
        if ((result & 0xFF) == 0) flags |= Flags.ZF;
        return flags;
    }

    private static int current(Cpu cpu) {
        return Flags.arithmetic(cpu.flagResult, cpu.flagAux);
    }

    public static void daa(Cpu cpu) {
        packed(cpu, 1);
    }

    public static void das(Cpu cpu) {
        packed(cpu, -1);
    }

    private static void packed(Cpu cpu, int direction) {
        int before = cpu.reg8(RAX);
        int flags = current(cpu);
        boolean carryBefore = (flags & Flags.CF) != 0;
        int al = before;
        int out = 0;
        if ((before & 15) > 9 || (flags & Flags.AF) != 0) {
            al += direction * 6;
            if (carryBefore || (al & ~0xFF) != 0) out |= Flags.CF;
            out |= Flags.AF;
        }
        if (before > 0x99 || carryBefore) {
            al += direction * 0x60;
            out |= Flags.CF;
        } else if (direction > 0) {
            out &= ~Flags.CF;
        }
        cpu.reg8(RAX, al);
        cpu.arithmeticFlags(out | resultFlags(al));
    }

    public static void aaa(Cpu cpu) {
        unpacked(cpu, 0x106);
    }

    public static void aas(Cpu cpu) {
        unpacked(cpu, -0x106);
    }

    private static void unpacked(Cpu cpu, int adjustment) {
        int flags = current(cpu);
        boolean adjust = (cpu.reg8(RAX) & 15) > 9 || (flags & Flags.AF) != 0;
        if (adjust) cpu.reg16(RAX, cpu.reg16(RAX) + adjustment);
        int al = cpu.reg8(RAX) & 15;
        cpu.reg8(RAX, al);
        cpu.arithmeticFlags(resultFlags(al) | (adjust ? Flags.AF | Flags.CF : 0));
    }

    public static void aam(Cpu cpu, int radix) {
        int base = radix & 0xFF;
        if (base == 0) throw cpu.raise(GuestException.DIVIDE_ERROR);
        int al = cpu.reg8(RAX);
        cpu.reg16(RAX, al / base << 8 | al % base);
        cpu.arithmeticFlags(resultFlags(al % base));
    }

    public static void aad(Cpu cpu, int radix) {
        int ax = cpu.reg16(RAX);
        int result = (ax & 0xFF) + (ax >>> 8) * (radix & 0xFF) & 0xFF;
        cpu.reg16(RAX, result);
        cpu.arithmeticFlags(resultFlags(result));
    }
}
