package dev.simvisor.node.cpu.interpreter;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.nonroot.Intercepts;
import dev.simvisor.node.cpu.semantics.Simd;
import dev.simvisor.node.cpu.semantics.X87;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Objects;

/**
 * Emits what one instruction does: checks what must be usable, loads the operands of a variant, calls its method and stores
 * the result. How an operand is named and reached is left to the subclasses: the interpreter's handlers ask a decoded
 * instruction and the processor, translated code knows the instruction and has registers in locals.
 */
public abstract class InstructionEmitter {
    public static final ClassDesc CPU = Cpu.class.describeConstable().orElseThrow();
    public static final ClassDesc INSTRUCTION =
            Instruction.class.describeConstable().orElseThrow();
    private static final ClassDesc SIMD = Simd.class.describeConstable().orElseThrow();
    private static final ClassDesc X87_UNIT = X87.class.describeConstable().orElseThrow();
    private static final ClassDesc SIMD_OPERANDS =
            SimdOperands.class.describeConstable().orElseThrow();
    private static final ClassDesc INTERCEPTS =
            Intercepts.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc CHECK = MethodTypeDesc.of(CD_void, CPU);

    /** How many local slots from the first temporary on are used. */
    public static final int TEMPORARIES = 10;

    protected final CodeBuilder code;
    protected final Variant variant;

    /** Local of the Cpu. */
    protected final int cpu;

    /** Local, a long: address of the memory operand. */
    protected final int linear;

    /** Local, a long or an int: result of the low lane, or the only result. */
    protected final int low;

    private final int high; // long: result of the high lane
    private final int memoryLow; // long: low half of a 128-bit memory operand
    private final int memoryHigh; // long: its high half

    protected InstructionEmitter(CodeBuilder code, Variant variant, int cpu, int firstTemporary) {
        this.code = code;
        this.variant = variant;
        this.cpu = cpu;
        this.linear = firstTemporary;
        this.low = firstTemporary + 2;
        this.high = firstTemporary + 4;
        this.memoryLow = firstTemporary + 6;
        this.memoryHigh = firstTemporary + 8;
    }

    // ---- what differs between interpreter and translator

    /** Pushes the decoded instruction. */
    protected abstract void emitInstruction();

    /** Pushes the number of the register that a place names, with its mark for a high byte. */
    protected abstract void emitRegisterNumber(Place place);

    /** Computes the linear address of a memory operand into {@link #linear}; {@code write} tells which segment check counts. */
    protected abstract void emitAddress(Place place, boolean write, int bits);

    /** Pushes the effective address, a long. */
    protected abstract void emitEffectiveAddress();

    /** Pushes a general register, zero-extended. */
    protected abstract void emitLoadRegister(Place place, boolean asLong);

    /** Pops into a general register: a long if it has 64 bits, else an int. */
    protected abstract void emitStoreRegister(Place place);

    /** Pushes CL, an int. */
    protected abstract void emitLoadCl();

    /** Pushes the immediate, a long. */
    protected abstract void emitLoadImmediate();

    /** Pushes the memory at {@link #linear}: a long if it has 64 bits, else an int. */
    protected abstract void emitRead(int bits, boolean forUpdate);

    /** Stores {@link #low}, a long if there are 64 bits, else an int, to the memory at {@link #linear}. */
    protected abstract void emitWrite(int bits);

    /** Whether the method is called with the processor as its first argument. */
    protected boolean passesCpu() {
        return Variant.takesCpu(variant.method());
    }

    /** Replaces the method's arguments on the operand stack by its result. */
    protected void emitOperation() {
        emitCall(variant.method());
    }

    // ---- what is the same

    public void emit() {
        if (variant.intercepted()) {
            code.aload(cpu);
            emitInstruction();
            code.invokestatic(INTERCEPTS, "check", MethodTypeDesc.of(CD_void, CPU, INSTRUCTION));
        }
        emitUnitCheck();
        if (Variant.instructionStyle(variant.method())) {
            code.aload(cpu);
            emitInstruction();
            emitOperation();
        } else if (variant.lanes()) {
            emitLanes(Objects.requireNonNull(variant.destination()));
        } else {
            emitScalar();
        }
        if (variant.unit() == Variant.Unit.MMX) code.aload(cpu).invokestatic(SIMD, "enterMmx", CHECK);
    }

    protected void emitUnitCheck() {
        switch (variant.unit()) {
            case INTEGER -> {}
            case X87 -> code.aload(cpu).invokestatic(X87_UNIT, "check", CHECK);
            case X87_NO_WAIT -> code.aload(cpu).invokestatic(X87_UNIT, "checkNoWait", CHECK);
            case MMX -> code.aload(cpu).invokestatic(SIMD, "checkMmx", CHECK);
            case SSE -> code.aload(cpu).invokestatic(SIMD, "checkSse", CHECK);
        }
    }

    protected final void emitCall(Method method) {
        code.invokestatic(
                method.getDeclaringClass().describeConstable().orElseThrow(),
                method.getName(),
                MethodTypeDesc.of(
                        method.getReturnType().describeConstable().orElseThrow(),
                        Arrays.stream(method.getParameterTypes())
                                .map(type -> type.describeConstable().orElseThrow())
                                .toList()));
    }

    // ---- general registers, memory and scalar SIMD

    private void emitScalar() {
        Place destination = variant.destination();
        if (destination != null && variant.updatesMemory()) emitAddress(destination, true, destination.bits());
        Class<?>[] parameters = variant.method().getParameterTypes();
        int parameter = 0;
        if (Variant.takesCpu(variant.method())) parameter++;
        if (passesCpu()) code.aload(cpu);
        for (Place source : variant.sources()) emitLoad(source, parameters[parameter++] == long.class);
        emitOperation();
        if (destination != null) emitStore(destination, returnsLong());
    }

    private boolean returnsLong() {
        return variant.method().getReturnType() == long.class;
    }

    private void emitLoad(Place place, boolean asLong) {
        switch (place.kind()) {
            case RM, REG -> emitLoadRegister(place, asLong);
            case MEMORY, FLAT_MEMORY, FLAT_BASE_MEMORY -> emitLoadMemory(place, asLong);
            case ADDRESS -> {
                emitEffectiveAddress();
                if (!asLong) code.l2i();
            }
            case IMMEDIATE -> {
                emitLoadImmediate();
                if (!asLong) narrow(place.bits());
            }
            case CL -> {
                emitLoadCl();
                if (asLong) code.i2l();
            }
            case ONE -> {
                if (asLong) code.lconst_1();
                else code.iconst_1();
            }
            case MMX_REG, MMX_RM, XMM_REG, XMM_RM -> {
                emitLoadSimd(place, "Low");
                if (!asLong) code.l2i();
                else if (place.bits() == 32) zeroExtend();
            }
        }
    }

    private void narrow(int bits) {
        code.l2i();
        if (bits < 32) code.loadConstant((1 << bits) - 1).iand();
    }

    protected final void zeroExtend() {
        code.loadConstant(0xFFFF_FFFFL).land();
    }

    private void emitLoadMemory(Place place, boolean asLong) {
        int bits = place.bits();
        boolean update = variant.updatesMemory();
        if (!update) emitAddress(place, false, bits);
        emitRead(bits, update);
        if (bits == 64 && !asLong) code.l2i();
        if (bits < 64 && asLong) {
            code.i2l();
            if (bits == 32) zeroExtend();
        }
    }

    /** Stores the value on the operand stack. */
    private void emitStore(Place place, boolean isLong) {
        switch (place.kind()) {
            case RM, REG -> emitStoreGeneral(place, isLong);
            case MEMORY, FLAT_MEMORY, FLAT_BASE_MEMORY -> emitStoreMemory(place, isLong);
            case MMX_REG, MMX_RM, XMM_REG, XMM_RM -> emitStoreScalarSimd(place, isLong);
            default -> throw new IllegalStateException(variant.label() + ": nothing can be stored there");
        }
    }

    private void emitStoreGeneral(Place place, boolean isLong) {
        boolean wide = place.bits() == 64;
        if (wide && !isLong) code.i2l();
        if (!wide && isLong) code.l2i();
        if (variant.mxcsr() && !wide) emitRaiseUnmasked();
        emitStoreRegister(place);
    }

    private void emitStoreMemory(Place place, boolean isLong) {
        int bits = place.bits();
        if (bits == 64) {
            if (!isLong) code.i2l();
            code.lstore(low);
        } else {
            if (isLong) code.l2i();
            code.istore(low);
        }
        if (!variant.updatesMemory()) emitAddress(place, true, bits);
        emitWrite(bits);
    }

    private void emitStoreScalarSimd(Place place, boolean isLong) {
        if (!isLong) code.i2l();
        code.lstore(low);
        if (variant.mxcsr()) emitRaiseUnmasked();
        code.aload(cpu);
        emitRegisterNumber(place);
        code.lload(low);
        String method = place.isMmx() ? "mmx" : place.bits() == 32 ? "xmmLow32" : "xmmLow";
        code.invokestatic(SIMD_OPERANDS, method, MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long));
    }

    private void emitRaiseUnmasked() {
        code.aload(cpu).invokestatic(SIMD, "raiseUnmasked", CHECK);
    }

    private void emitLoadSimd(Place place, String half) {
        code.aload(cpu);
        emitRegisterNumber(place);
        String method = place.isMmx() ? "mmx" : "xmm" + half;
        code.invokestatic(SIMD_OPERANDS, method, MethodTypeDesc.of(CD_long, CPU, CD_int));
    }

    // ---- lanes: the same method on each 64-bit half

    private void emitLanes(Place destination) {
        boolean two = destination.isXmm();
        for (Place source : variant.sources()) {
            if (source.isMemory()) emitLaneMemory(source, two);
        }
        emitLane("Low", false);
        code.lstore(low);
        if (two) {
            emitLane("High", true);
            code.lstore(high);
        }
        if (variant.mxcsr()) emitRaiseUnmasked();
        code.aload(cpu);
        emitRegisterNumber(destination);
        code.lload(low);
        if (!two) {
            code.invokestatic(SIMD_OPERANDS, "mmx", MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long));
            return;
        }
        code.lload(high);
        code.invokestatic(SIMD_OPERANDS, "xmm", MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long, CD_long));
    }

    /** Reads the memory operand before anything else happens. */
    private void emitLaneMemory(Place place, boolean two) {
        emitAddress(place, false, two ? 128 : 64);
        if (two && variant.aligned()) {
            emitCheckAligned();
        }
        emitRead(64, false);
        code.lstore(memoryLow);
        if (!two) return;
        code.lload(linear).loadConstant(8L).ladd().lstore(linear);
        emitRead(64, false);
        code.lstore(memoryHigh);
    }

    /** #GP(0) when the address is not a multiple of 16. */
    protected final void emitCheckAligned() {
        code.aload(cpu).lload(linear);
        code.invokestatic(SIMD_OPERANDS, "checkAligned", MethodTypeDesc.of(CD_void, CPU, CD_long));
    }

    private void emitLane(String half, boolean high) {
        Class<?>[] parameters = variant.method().getParameterTypes();
        int parameter = 0;
        if (Variant.takesCpu(variant.method())) parameter++;
        if (passesCpu()) code.aload(cpu);
        for (Place source : variant.sources()) {
            boolean asLong = parameters[parameter++] == long.class;
            if (source.isMemory()) code.lload(high ? memoryHigh : memoryLow);
            else if (source.isMmx() || source.isXmm()) emitLoadSimd(source, half);
            else emitLoad(source, asLong);
        }
        emitOperation();
    }
}
