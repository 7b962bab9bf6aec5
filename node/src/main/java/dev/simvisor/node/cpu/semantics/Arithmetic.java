package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;

/**
 * Binary addition and subtraction (SDM Vol 1 §5.1.2). Operands of 8 and 16 bits come zero-extended; only the low bits of what
 * is returned count. All set O, S, Z, A, P and C, but INC and DEC leave C.
 */
public final class Arithmetic {
    private Arithmetic() {}

    public static int add8(Cpu cpu, int a, int b) {
        int sum = a + b;
        cpu.flagResult = (byte) sum;
        cpu.flagAux = Flags.addAux8(a, b, sum);
        return sum;
    }

    public static int add16(Cpu cpu, int a, int b) {
        int sum = a + b;
        cpu.flagResult = (short) sum;
        cpu.flagAux = Flags.addAux16(a, b, sum);
        return sum;
    }

    public static int add32(Cpu cpu, int a, int b) {
        int sum = a + b;
        cpu.flagResult = sum;
        cpu.flagAux = Flags.addAux32(a, b, sum);
        return sum;
    }

    public static long add64(Cpu cpu, long a, long b) {
        long sum = a + b;
        cpu.flagResult = sum;
        cpu.flagAux = Flags.addAux64(a, b, sum);
        return sum;
    }

    public static int adc8(Cpu cpu, int a, int b) {
        int sum = a + b + (int) (cpu.flagAux >>> 63);
        cpu.flagResult = (byte) sum;
        cpu.flagAux = Flags.addAux8(a, b, sum);
        return sum;
    }

    public static int adc16(Cpu cpu, int a, int b) {
        int sum = a + b + (int) (cpu.flagAux >>> 63);
        cpu.flagResult = (short) sum;
        cpu.flagAux = Flags.addAux16(a, b, sum);
        return sum;
    }

    public static int adc32(Cpu cpu, int a, int b) {
        int sum = a + b + (int) (cpu.flagAux >>> 63);
        cpu.flagResult = sum;
        cpu.flagAux = Flags.addAux32(a, b, sum);
        return sum;
    }

    public static long adc64(Cpu cpu, long a, long b) {
        long sum = a + b + (cpu.flagAux >>> 63);
        cpu.flagResult = sum;
        cpu.flagAux = Flags.addAux64(a, b, sum);
        return sum;
    }

    public static int sub8(Cpu cpu, int a, int b) {
        int difference = a - b;
        cpu.flagResult = (byte) difference;
        cpu.flagAux = Flags.subAux8(a, b, difference);
        return difference;
    }

    public static int sub16(Cpu cpu, int a, int b) {
        int difference = a - b;
        cpu.flagResult = (short) difference;
        cpu.flagAux = Flags.subAux16(a, b, difference);
        return difference;
    }

    public static int sub32(Cpu cpu, int a, int b) {
        int difference = a - b;
        cpu.flagResult = difference;
        cpu.flagAux = Flags.subAux32(a, b, difference);
        return difference;
    }

    public static long sub64(Cpu cpu, long a, long b) {
        long difference = a - b;
        cpu.flagResult = difference;
        cpu.flagAux = Flags.subAux64(a, b, difference);
        return difference;
    }

    public static int sbb8(Cpu cpu, int a, int b) {
        int difference = a - b - (int) (cpu.flagAux >>> 63);
        cpu.flagResult = (byte) difference;
        cpu.flagAux = Flags.subAux8(a, b, difference);
        return difference;
    }

    public static int sbb16(Cpu cpu, int a, int b) {
        int difference = a - b - (int) (cpu.flagAux >>> 63);
        cpu.flagResult = (short) difference;
        cpu.flagAux = Flags.subAux16(a, b, difference);
        return difference;
    }

    public static int sbb32(Cpu cpu, int a, int b) {
        int difference = a - b - (int) (cpu.flagAux >>> 63);
        cpu.flagResult = difference;
        cpu.flagAux = Flags.subAux32(a, b, difference);
        return difference;
    }

    public static long sbb64(Cpu cpu, long a, long b) {
        long difference = a - b - (cpu.flagAux >>> 63);
        cpu.flagResult = difference;
        cpu.flagAux = Flags.subAux64(a, b, difference);
        return difference;
    }

    public static void cmp8(Cpu cpu, int a, int b) {
        sub8(cpu, a, b);
    }

    public static void cmp16(Cpu cpu, int a, int b) {
        sub16(cpu, a, b);
    }

    public static void cmp32(Cpu cpu, int a, int b) {
        sub32(cpu, a, b);
    }

    public static void cmp64(Cpu cpu, long a, long b) {
        sub64(cpu, a, b);
    }

    public static int neg8(Cpu cpu, int a) {
        return sub8(cpu, 0, a);
    }

    public static int neg16(Cpu cpu, int a) {
        return sub16(cpu, 0, a);
    }

    public static int neg32(Cpu cpu, int a) {
        return sub32(cpu, 0, a);
    }

    public static long neg64(Cpu cpu, long a) {
        return sub64(cpu, 0, a);
    }

    public static int inc8(Cpu cpu, int a) {
        int sum = a + 1;
        cpu.flagResult = (byte) sum;
        cpu.flagAux = Flags.withCarry(Flags.addAux8(a, 1, sum), (int) (cpu.flagAux >>> 63));
        return sum;
    }

    public static int inc16(Cpu cpu, int a) {
        int sum = a + 1;
        cpu.flagResult = (short) sum;
        cpu.flagAux = Flags.withCarry(Flags.addAux16(a, 1, sum), (int) (cpu.flagAux >>> 63));
        return sum;
    }

    public static int inc32(Cpu cpu, int a) {
        int sum = a + 1;
        cpu.flagResult = sum;
        cpu.flagAux = Flags.withCarry(Flags.addAux32(a, 1, sum), (int) (cpu.flagAux >>> 63));
        return sum;
    }

    public static long inc64(Cpu cpu, long a) {
        long sum = a + 1;
        cpu.flagResult = sum;
        cpu.flagAux = Flags.withCarry(Flags.addAux64(a, 1, sum), (int) (cpu.flagAux >>> 63));
        return sum;
    }

    public static int dec8(Cpu cpu, int a) {
        int difference = a - 1;
        cpu.flagResult = (byte) difference;
        cpu.flagAux = Flags.withCarry(Flags.subAux8(a, 1, difference), (int) (cpu.flagAux >>> 63));
        return difference;
    }

    public static int dec16(Cpu cpu, int a) {
        int difference = a - 1;
        cpu.flagResult = (short) difference;
        cpu.flagAux = Flags.withCarry(Flags.subAux16(a, 1, difference), (int) (cpu.flagAux >>> 63));
        return difference;
    }

    public static int dec32(Cpu cpu, int a) {
        int difference = a - 1;
        cpu.flagResult = difference;
        cpu.flagAux = Flags.withCarry(Flags.subAux32(a, 1, difference), (int) (cpu.flagAux >>> 63));
        return difference;
    }

    public static long dec64(Cpu cpu, long a) {
        long difference = a - 1;
        cpu.flagResult = difference;
        cpu.flagAux = Flags.withCarry(Flags.subAux64(a, 1, difference), (int) (cpu.flagAux >>> 63));
        return difference;
    }
}
