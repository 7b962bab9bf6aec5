package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * FXSAVE, FXRSTOR, LDMXCSR and STMXCSR (SDM Vol 1 §10.5). As on AMD processors, the last x87 instruction's pointers are saved
 * and restored only while an exception is pending (APM Vol 2 §11.4.4.3).
 */
public final class ExtendedState {
    private static final int IMAGE_BYTES = 512;
    private static final int OPCODE = 6;
    private static final int INSTRUCTION_POINTER = 8;
    private static final int DATA_POINTER = 16;
    private static final int MXCSR = 24;
    private static final int MXCSR_MASK = 28;
    private static final int ST0 = 32;
    private static final int XMM0 = 160;
    private static final long REGISTER_BYTES = 16;
    /** The bits of MXCSR that exist; setting another raises #GP(0). */
    private static final int MXCSR_BITS = 0xFFFF;

    private ExtendedState() {}

    public static void ldmxcsr(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        cpu.mxcsr = checkedMxcsr(cpu, cpu.memory.read32(cpu.readAddress(i, 4)));
    }

    public static void stmxcsr(Cpu cpu, Instruction i) {
        Simd.checkSse(cpu);
        cpu.memory.write32(cpu.writeAddress(i, 4), cpu.mxcsr);
    }

    private static int checkedMxcsr(Cpu cpu, int value) {
        if ((value & ~MXCSR_BITS) != 0) throw cpu.generalProtection(0);
        return value;
    }

    private static boolean includesSse(Cpu cpu) {
        return (cpu.cr4 & ControlRegister.CR4_OSFXSR) != 0;
    }

    private static int xmmRegisters(Cpu cpu) {
        return cpu.codeSize == 64 ? 16 : 8;
    }

    /** Whether the image has 64-bit pointers: with REX.W. */
    private static boolean wide(Instruction i) {
        return i.row.opcode().rexW();
    }

    // ---- FXSAVE

    public static void fxsave(Cpu cpu, Instruction i) {
        X87.checkNoWait(cpu);
        long linear = cpu.writeRange(i, IMAGE_BYTES);
        if ((linear & 15) != 0) throw cpu.generalProtection(0);
        cpu.memory.checkWrite(linear, IMAGE_BYTES);
        saveControl(cpu, linear, wide(i));
        FpuState fpu = cpu.fpu;
        for (int n = 0; n < 8; n++) {
            long place = linear + ST0 + (long) n * REGISTER_BYTES;
            cpu.memory.write64(place, X87.significand(fpu, n));
            cpu.memory.write64(place + 8, X87.signExponent(fpu, n));
        }
        if (!includesSse(cpu)) return;
        for (int n = 0; n < xmmRegisters(cpu); n++) {
            long place = linear + XMM0 + (long) n * REGISTER_BYTES;
            cpu.memory.write64(place, cpu.xmm[2 * n]);
            cpu.memory.write64(place + 8, cpu.xmm[2 * n + 1]);
        }
    }

    private static void saveControl(Cpu cpu, long linear, boolean wide) {
        FpuState fpu = cpu.fpu;
        cpu.memory.write16(linear, fpu.control);
        cpu.memory.write16(linear + 2, X87Control.statusWord(fpu));
        cpu.memory.write16(linear + 4, ~fpu.empty & 0xFF);
        boolean pending = (fpu.status & X87.ERROR_SUMMARY) != 0;
        cpu.memory.write16(linear + OPCODE, pending ? fpu.lastOpcode : 0);
        long instruction = pending ? fpu.lastInstructionPointer : 0;
        long data = pending ? fpu.lastDataPointer : 0;
        if (!wide) {
            instruction = instruction & 0xFFFF_FFFFL | (pending ? (long) fpu.lastInstructionSelector << 32 : 0);
            data = data & 0xFFFF_FFFFL | (pending ? (long) fpu.lastDataSelector << 32 : 0);
        }
        cpu.memory.write64(linear + INSTRUCTION_POINTER, instruction);
        cpu.memory.write64(linear + DATA_POINTER, data);
        cpu.memory.write32(linear + MXCSR, cpu.mxcsr);
        cpu.memory.write32(linear + MXCSR_MASK, MXCSR_BITS);
    }

    // ---- FXRSTOR

    public static void fxrstor(Cpu cpu, Instruction i) {
        X87.checkNoWait(cpu);
        long linear = cpu.readRange(i, IMAGE_BYTES);
        if ((linear & 15) != 0) throw cpu.generalProtection(0);
        cpu.memory.read8(linear + IMAGE_BYTES - 1);
        int mxcsr = cpu.memory.read32(linear + MXCSR);
        if (includesSse(cpu)) cpu.mxcsr = checkedMxcsr(cpu, mxcsr);
        restoreControl(cpu, linear, wide(i));
        FpuState fpu = cpu.fpu;
        for (int n = 0; n < 8; n++) {
            long place = linear + ST0 + (long) n * REGISTER_BYTES;
            int register = X87.register(fpu, n);
            fpu.significand[register] = cpu.memory.read64(place);
            fpu.signExponent[register] = cpu.memory.read16(place + 8);
        }
        if (!includesSse(cpu)) return;
        for (int n = 0; n < xmmRegisters(cpu); n++) {
            long place = linear + XMM0 + (long) n * REGISTER_BYTES;
            cpu.xmm[2 * n] = cpu.memory.read64(place);
            cpu.xmm[2 * n + 1] = cpu.memory.read64(place + 8);
        }
    }

    private static void restoreControl(Cpu cpu, long linear, boolean wide) {
        FpuState fpu = cpu.fpu;
        fpu.empty = ~cpu.memory.read8(linear + 4) & 0xFF;
        X87Control.setControl(fpu, cpu.memory.read16(linear));
        X87Control.setStatusWord(fpu, cpu.memory.read16(linear + 2));
        if ((fpu.status & X87.ERROR_SUMMARY) == 0) return;
        long instruction = cpu.memory.read64(linear + INSTRUCTION_POINTER);
        long data = cpu.memory.read64(linear + DATA_POINTER);
        fpu.lastOpcode = cpu.memory.read16(linear + OPCODE) & 0x7FF;
        fpu.lastInstructionPointer = wide ? instruction : instruction & 0xFFFF_FFFFL;
        fpu.lastInstructionSelector = wide ? 0 : (int) (instruction >>> 32) & 0xFFFF;
        fpu.lastDataPointer = wide ? data : data & 0xFFFF_FFFFL;
        fpu.lastDataSelector = wide ? 0 : (int) (data >>> 32) & 0xFFFF;
    }
}
