package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;

/**
 * Bitwise logic (SDM Vol 1 §5.1.4). AND, OR, XOR and TEST clear O and C, set S, Z and P, and leave A undefined (here: clear).
 */
public final class Logic {
    private Logic() {}

    public static int and8(Cpu cpu, int a, int b) {
        int result = a & b;
        cpu.flagResult = (byte) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int and16(Cpu cpu, int a, int b) {
        int result = a & b;
        cpu.flagResult = (short) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int and32(Cpu cpu, int a, int b) {
        int result = a & b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static long and64(Cpu cpu, long a, long b) {
        long result = a & b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static int or8(Cpu cpu, int a, int b) {
        int result = a | b;
        cpu.flagResult = (byte) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int or16(Cpu cpu, int a, int b) {
        int result = a | b;
        cpu.flagResult = (short) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int or32(Cpu cpu, int a, int b) {
        int result = a | b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static long or64(Cpu cpu, long a, long b) {
        long result = a | b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static int xor8(Cpu cpu, int a, int b) {
        int result = a ^ b;
        cpu.flagResult = (byte) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int xor16(Cpu cpu, int a, int b) {
        int result = a ^ b;
        cpu.flagResult = (short) result;
        cpu.flagAux = 0;
        return result;
    }

    public static int xor32(Cpu cpu, int a, int b) {
        int result = a ^ b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static long xor64(Cpu cpu, long a, long b) {
        long result = a ^ b;
        cpu.flagResult = result;
        cpu.flagAux = 0;
        return result;
    }

    public static void test8(Cpu cpu, int a, int b) {
        cpu.flagResult = (byte) (a & b);
        cpu.flagAux = 0;
    }

    public static void test16(Cpu cpu, int a, int b) {
        cpu.flagResult = (short) (a & b);
        cpu.flagAux = 0;
    }

    public static void test32(Cpu cpu, int a, int b) {
        cpu.flagResult = a & b;
        cpu.flagAux = 0;
    }

    public static void test64(Cpu cpu, long a, long b) {
        cpu.flagResult = a & b;
        cpu.flagAux = 0;
    }

    public static long not(long a) {
        return ~a;
    }
}
