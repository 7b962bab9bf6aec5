package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.x87.Extended;

/**
 * FNSTENV, FLDENV, FNSAVE and FRSTOR. The environment has four layouts: 16 or 32 bits, with pointers as selector and offset in
 * protected mode and as linear addresses in real and virtual-8086 mode (SDM Vol 1 §8.1.10, figures 8-9 to 8-12).
 */
public final class X87Environment {
    private static final int VALID = 0;
    private static final int ZERO = 1;
    private static final int SPECIAL = 2;
    private static final int EMPTY = 3;
    private static final long REGISTER_BYTES = 10;
    private static final int REGISTERS_BYTES = 80;
    /** What the unused upper halves of the 32-bit layout hold. */
    private static final int UNUSED = 0xFFFF_0000;

    private static final int OPCODE = 0x7FF;

    private X87Environment() {}

    public static void fnstenv(Cpu cpu, Instruction i) {
        int size = environmentBytes(i);
        store(cpu, i, X87Memory.storeAddress(cpu, i, size));
        cpu.fpu.control |= FloatEnvironment.ALL;
        X87.summarize(cpu.fpu);
    }

    public static void fldenv(Cpu cpu, Instruction i) {
        long linear = cpu.readRange(i, environmentBytes(i));
        probe(cpu, linear, environmentBytes(i));
        load(cpu, i, linear);
    }

    public static void fnsave(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        int size = environmentBytes(i);
        long linear = X87Memory.storeAddress(cpu, i, size + REGISTERS_BYTES);
        store(cpu, i, linear);
        for (int n = 0; n < 8; n++) {
            long place = linear + size + (long) n * REGISTER_BYTES;
            X87Memory.writeExtended(cpu, place, X87.signExponent(fpu, n), X87.significand(fpu, n));
        }
        X87Control.initialize(fpu);
    }

    public static void frstor(Cpu cpu, Instruction i) {
        FpuState fpu = cpu.fpu;
        int size = environmentBytes(i);
        long linear = cpu.readRange(i, size + REGISTERS_BYTES);
        probe(cpu, linear, size + REGISTERS_BYTES);
        load(cpu, i, linear);
        for (int n = 0; n < 8; n++) {
            long place = linear + size + (long) n * REGISTER_BYTES;
            int register = X87.register(fpu, n);
            fpu.significand[register] = cpu.memory.read64(place);
            fpu.signExponent[register] = cpu.memory.read16(place + 8);
        }
    }

    /** Reads the first and last byte, so that a fault comes before anything has changed. */
    private static void probe(Cpu cpu, long linear, int size) {
        cpu.memory.read8(linear);
        cpu.memory.read8(linear + size - 1);
    }

    private static int environmentBytes(Instruction i) {
        return i.operandSize == 16 ? 14 : 28;
    }

    private static boolean selectors(Cpu cpu) {
        return cpu.protectedMode && !cpu.virtual8086;
    }

    // ---- storing

    private static void store(Cpu cpu, Instruction i, long linear) {
        FpuState fpu = cpu.fpu;
        boolean wide = i.operandSize != 16;
        long step = wide ? 4 : 2;
        int[] pointers = cpu.fpu.pointerWords;
        if (selectors(cpu)) selectorForm(fpu, pointers, wide);
        else linearForm(fpu, pointers, wide);
        word(cpu, linear, wide, fpu.control | UNUSED);
        word(cpu, linear + step, wide, X87Control.statusWord(fpu) | UNUSED);
        word(cpu, linear + 2 * step, wide, tagWord(fpu) | UNUSED);
        for (int n = 0; n < 4; n++) word(cpu, linear + (3 + n) * step, wide, pointers[n]);
    }

    private static void word(Cpu cpu, long linear, boolean wide, int value) {
        if (wide) cpu.memory.write32(linear, value);
        else cpu.memory.write16(linear, value & 0xFFFF);
    }

    private static void selectorForm(FpuState fpu, int[] pointers, boolean wide) {
        pointers[0] = (int) fpu.lastInstructionPointer;
        pointers[1] = fpu.lastInstructionSelector | (wide ? fpu.lastOpcode << 16 : 0);
        pointers[2] = (int) fpu.lastDataPointer;
        pointers[3] = fpu.lastDataSelector | UNUSED;
    }

    private static void linearForm(FpuState fpu, int[] pointers, boolean wide) {
        int instruction = (int) fpu.lastInstructionPointer + (fpu.lastInstructionSelector << 4);
        int data = (int) fpu.lastDataPointer + (fpu.lastDataSelector << 4);
        int upper = wide ? 0x0FFF_F000 : 0xF000;
        pointers[0] = instruction & 0xFFFF | UNUSED;
        pointers[1] = instruction >>> 16 << 12 & upper | fpu.lastOpcode & OPCODE;
        pointers[2] = data & 0xFFFF | UNUSED;
        pointers[3] = data >>> 16 << 12 & upper;
    }

    /** Two bits a register, R7's at the top. */
    public static int tagWord(FpuState fpu) {
        int tags = 0;
        for (int register = 7; register >= 0; register--) {
            tags = tags << 2 | tag(fpu, register);
        }
        return tags;
    }

    private static int tag(FpuState fpu, int register) {
        if ((fpu.empty >>> register & 1) != 0) return EMPTY;
        int exponent = fpu.signExponent[register] & Extended.EXPONENT;
        long significand = fpu.significand[register];
        if (exponent == 0 && significand == 0) return ZERO;
        return exponent == 0 || exponent == Extended.EXPONENT || significand >= 0 ? SPECIAL : VALID;
    }

    // ---- loading

    private static void load(Cpu cpu, Instruction i, long linear) {
        FpuState fpu = cpu.fpu;
        boolean wide = i.operandSize != 16;
        long step = wide ? 4 : 2;
        int[] pointers = fpu.pointerWords;
        for (int n = 0; n < 4; n++) {
            long place = linear + (3 + n) * step;
            pointers[n] = wide ? cpu.memory.read32(place) : cpu.memory.read16(place);
        }
        int control = cpu.memory.read16(linear);
        int status = cpu.memory.read16(linear + step);
        setTagWord(fpu, cpu.memory.read16(linear + 2 * step));
        X87Control.setControl(fpu, control);
        X87Control.setStatusWord(fpu, status);
        if (selectors(cpu)) loadSelectorForm(fpu, pointers, wide);
        else loadLinearForm(fpu, pointers, wide);
    }

    private static void loadSelectorForm(FpuState fpu, int[] pointers, boolean wide) {
        fpu.lastInstructionPointer = pointers[0] & 0xFFFF_FFFFL;
        fpu.lastInstructionSelector = pointers[1] & 0xFFFF;
        if (wide) fpu.lastOpcode = pointers[1] >>> 16 & OPCODE;
        fpu.lastDataPointer = pointers[2] & 0xFFFF_FFFFL;
        fpu.lastDataSelector = pointers[3] & 0xFFFF;
    }

    private static void loadLinearForm(FpuState fpu, int[] pointers, boolean wide) {
        int upper = wide ? 0x0FFF_F000 : 0xF000;
        fpu.lastInstructionPointer = (pointers[0] & 0xFFFF | (pointers[1] & upper) << 4) & 0xFFFF_FFFFL;
        fpu.lastInstructionSelector = 0;
        fpu.lastOpcode = pointers[1] & OPCODE;
        fpu.lastDataPointer = (pointers[2] & 0xFFFF | (pointers[3] & upper) << 4) & 0xFFFF_FFFFL;
        fpu.lastDataSelector = 0;
    }

    /** Only emptiness is taken from the tags; the rest follows from the contents. */
    public static void setTagWord(FpuState fpu, int tags) {
        fpu.empty = 0;
        for (int register = 0; register < 8; register++) {
            if ((tags >>> 2 * register & 3) == EMPTY) fpu.empty |= 1 << register;
        }
    }
}
