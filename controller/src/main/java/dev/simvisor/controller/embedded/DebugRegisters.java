package dev.simvisor.controller.embedded;

import dev.simvisor.controller.embedded.DebugTarget.Value;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.FpuState;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.semantics.X87Control;
import dev.simvisor.node.cpu.semantics.X87Environment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * A processor's registers by the names that debuggers have for them. Those that others depend on (segment and control registers)
 * can only be read: what loads them does more than change a number.
 */
final class DebugRegisters {
    private static final List<String> GENERAL = List.of(
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15");

    /** Those that are defined (SDM Vol 1 §3.4.3). */
    private static final int FLAGS = 0x3F_7FD5;

    private static final Map<String, Integer> SEGMENTS = Map.of(
            "es", SegmentRegister.ES,
            "cs", SegmentRegister.CS,
            "ss", SegmentRegister.SS,
            "ds", SegmentRegister.DS,
            "fs", SegmentRegister.FS,
            "gs", SegmentRegister.GS);

    private interface Register {
        Value get();

        /** Returns whether the register could be set. */
        boolean set(Value value);
    }

    private record Settable(LongSupplier getter, LongConsumer setter) implements Register {
        @Override
        public Value get() {
            return new Value(getter.getAsLong(), 0);
        }

        @Override
        public boolean set(Value value) {
            setter.accept(value.low());
            return true;
        }
    }

    private record ReadOnly(LongSupplier getter) implements Register {
        @Override
        public Value get() {
            return new Value(getter.getAsLong(), 0);
        }

        @Override
        public boolean set(Value value) {
            return value.equals(get());
        }
    }

    /** XMM n, in halves. */
    private record Vector(long[] halves, int n) implements Register {
        @Override
        public Value get() {
            return new Value(halves[2 * n], halves[2 * n + 1]);
        }

        @Override
        public boolean set(Value value) {
            halves[2 * n] = value.low();
            halves[2 * n + 1] = value.high();
            return true;
        }
    }

    /** ST(n): significand, then sign and exponent. */
    private record Stack(FpuState fpu, int n) implements Register {
        private int place() {
            return fpu.top + n & 7;
        }

        @Override
        public Value get() {
            return new Value(fpu.significand[place()], fpu.signExponent[place()]);
        }

        @Override
        public boolean set(Value value) {
            fpu.significand[place()] = value.low();
            fpu.signExponent[place()] = (int) value.high() & 0xFFFF;
            return true;
        }
    }

    private final Map<String, Register> registers = new HashMap<>();

    DebugRegisters(Cpu cpu) {
        for (int n = 0; n < GENERAL.size(); n++) {
            int number = n;
            settable(GENERAL.get(n), () -> cpu.gpr[number], value -> cpu.gpr[number] = value);
        }
        settable("rip", () -> cpu.rip, value -> cpu.rip = value & cpu.ripMask());
        settableInt("eflags", cpu::rflags, value -> cpu.rflags(value & (cpu.longMode ? FLAGS & ~Flags.VM : FLAGS)));
        SEGMENTS.forEach((name, segment) -> readOnly(name, () -> cpu.selector[segment]));
        base(cpu, "fs_base", SegmentRegister.FS);
        base(cpu, "gs_base", SegmentRegister.GS);
        settable("k_gs_base", () -> cpu.msr.kernelGsBase, value -> cpu.msr.kernelGsBase = value);
        readOnly("cr0", () -> cpu.cr0);
        readOnly("cr2", () -> cpu.cr2);
        readOnly("cr3", () -> cpu.cr3);
        readOnly("cr4", () -> cpu.cr4);
        readOnly("efer", () -> cpu.msr.efer);
        addFloatingPoint(cpu.fpu);
        for (int n = 0; n < cpu.xmm.length / 2; n++) registers.put("xmm" + n, new Vector(cpu.xmm, n));
        // Bits above 15 are reserved: setting one is a #GP.
        settableInt("mxcsr", () -> cpu.mxcsr, value -> cpu.mxcsr = value & 0xFFFF);
    }

    private void addFloatingPoint(FpuState fpu) {
        for (int n = 0; n < 8; n++) registers.put("st" + n, new Stack(fpu, n));
        settableInt("fctrl", () -> fpu.control, value -> X87Control.setControl(fpu, value));
        settableInt("fstat", () -> X87Control.statusWord(fpu), value -> X87Control.setStatusWord(fpu, value));
        settableInt("ftag", () -> X87Environment.tagWord(fpu), value -> X87Environment.setTagWord(fpu, value));
        readOnly("fiseg", () -> fpu.lastInstructionSelector);
        readOnly("fioff", () -> fpu.lastInstructionPointer);
        readOnly("foseg", () -> fpu.lastDataSelector);
        readOnly("fooff", () -> fpu.lastDataPointer);
        readOnly("fop", () -> fpu.lastOpcode);
    }

    private void base(Cpu cpu, String name, int segment) {
        settable(name, () -> cpu.segmentBase[segment], value -> {
            cpu.segmentBase[segment] = value;
            cpu.updateSegment(segment);
        });
    }

    private void settable(String name, LongSupplier getter, LongConsumer setter) {
        registers.put(name, new Settable(getter, setter));
    }

    private void settableInt(String name, IntSupplier getter, IntConsumer setter) {
        settable(name, () -> getter.getAsInt() & 0xFFFF_FFFFL, value -> setter.accept((int) value));
    }

    private void readOnly(String name, LongSupplier getter) {
        registers.put(name, new ReadOnly(getter));
    }

    /** Nothing for a name that is no register's. */
    Optional<Value> get(String name) {
        return Optional.ofNullable(registers.get(name)).map(Register::get);
    }

    /** Returns whether the register has the value now. */
    boolean set(String name, Value value) {
        Register register = registers.get(name);
        return register != null && register.set(value);
    }
}
