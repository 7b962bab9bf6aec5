package dev.simvisor.node.cpu.interpreter;

import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.mmu.LinearMemory;
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
 * Emits one handler: {@code static void handler(Cpu cpu, Instruction i)} that checks what must be usable, loads the operands
 * of a variant, calls its method and stores the result.
 */
final class HandlerEmitter {
    private static final ClassDesc CPU = HandlerCompiler.CPU;
    private static final ClassDesc INSTRUCTION = HandlerCompiler.INSTRUCTION;
    private static final ClassDesc MEMORY =
            LinearMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final ClassDesc SIMD = Simd.class.describeConstable().orElseThrow();
    private static final ClassDesc X87_UNIT = X87.class.describeConstable().orElseThrow();
    private static final ClassDesc SIMD_OPERANDS =
            SimdOperands.class.describeConstable().orElseThrow();
    private static final ClassDesc INTERCEPTS =
            Intercepts.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc CHECK = MethodTypeDesc.of(CD_void, CPU);

    // Locals: 0 the Cpu, 1 the Instruction, then
    private static final int LINEAR = 2; // long: address of the memory operand
    private static final int LOW = 4; // long: result of the low lane, or the only result
    private static final int HIGH = 6; // long: result of the high lane
    private static final int MEMORY_LOW = 8; // long: low half of a 128-bit memory operand
    private static final int MEMORY_HIGH = 10; // long: its high half

    private final CodeBuilder code;
    private final Variant variant;

    HandlerEmitter(CodeBuilder code, Variant variant) {
        this.code = code;
        this.variant = variant;
    }

    void emit() {
        if (variant.intercepted()) {
            code.aload(0).aload(1).invokestatic(INTERCEPTS, "check", MethodTypeDesc.of(CD_void, CPU, INSTRUCTION));
        }
        emitUnitCheck();
        if (Variant.instructionStyle(variant.method())) {
            code.aload(0).aload(1);
            invokeSemantics();
        } else if (variant.lanes()) {
            emitLanes(Objects.requireNonNull(variant.destination()));
        } else {
            emitScalar();
        }
        if (variant.unit() == Variant.Unit.MMX) code.aload(0).invokestatic(SIMD, "enterMmx", CHECK);
        code.return_();
    }

    private void emitUnitCheck() {
        switch (variant.unit()) {
            case INTEGER -> {}
            case X87 -> code.aload(0).invokestatic(X87_UNIT, "check", CHECK);
            case X87_NO_WAIT -> code.aload(0).invokestatic(X87_UNIT, "checkNoWait", CHECK);
            case MMX -> code.aload(0).invokestatic(SIMD, "checkMmx", CHECK);
            case SSE -> code.aload(0).invokestatic(SIMD, "checkSse", CHECK);
        }
    }

    private void invokeSemantics() {
        Method method = variant.method();
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
        if (destination != null && variant.updatesMemory())
            emitAddress(destination, "writeAddress", destination.bits());
        Class<?>[] parameters = variant.method().getParameterTypes();
        int parameter = 0;
        if (Variant.takesCpu(variant.method())) {
            code.aload(0);
            parameter++;
        }
        for (Place source : variant.sources()) emitLoad(source, parameters[parameter++] == long.class);
        invokeSemantics();
        if (destination != null) emitStore(destination, returnsLong());
    }

    private boolean returnsLong() {
        return variant.method().getReturnType() == long.class;
    }

    /** Computes the linear address of a memory operand; {@code check} names the segment check of the form that has one. */
    private void emitAddress(Place place, String check, int bits) {
        code.aload(0).aload(1);
        if (place.kind() == Place.Kind.MEMORY) {
            code.loadConstant(bits / 8);
            code.invokevirtual(CPU, check, MethodTypeDesc.of(CD_long, INSTRUCTION, CD_int));
        } else {
            boolean indexed = place.kind() == Place.Kind.FLAT_MEMORY;
            String method = indexed ? "effectiveAddress" : "effectiveAddressOfBase";
            code.invokevirtual(CPU, method, MethodTypeDesc.of(CD_long, INSTRUCTION));
        }
        code.lstore(LINEAR);
    }

    private void emitLoad(Place place, boolean asLong) {
        switch (place.kind()) {
            case RM, REG -> emitLoadRegister(place, asLong);
            case MEMORY, FLAT_MEMORY, FLAT_BASE_MEMORY -> emitLoadMemory(place, asLong);
            case ADDRESS -> {
                code.aload(0).aload(1);
                code.invokevirtual(CPU, "effectiveAddress", MethodTypeDesc.of(CD_long, INSTRUCTION));
                if (!asLong) code.l2i();
            }
            case IMMEDIATE -> emitLoadImmediate(place, asLong);
            case CL -> {
                code.aload(0).loadConstant(Cpu.RCX);
                code.invokevirtual(CPU, "reg8", MethodTypeDesc.of(CD_int, CD_int));
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

    private void zeroExtend() {
        code.loadConstant(0xFFFF_FFFFL).land();
    }

    private void emitLoadRegister(Place place, boolean asLong) {
        String field = place.kind() == Place.Kind.RM ? "rm" : "reg";
        if (place.bits() == 64 || asLong && place.bits() == 32) {
            code.aload(0).getfield(CPU, "gpr", LONGS);
            code.aload(1).getfield(INSTRUCTION, field, CD_int).laload();
            if (place.bits() == 32) zeroExtend();
            if (!asLong) code.l2i();
            return;
        }
        code.aload(0).aload(1).getfield(INSTRUCTION, field, CD_int);
        code.invokevirtual(CPU, "reg" + place.bits(), MethodTypeDesc.of(CD_int, CD_int));
        if (asLong) code.i2l();
    }

    private void emitLoadMemory(Place place, boolean asLong) {
        int bits = place.bits();
        boolean update = variant.updatesMemory();
        if (!update) emitAddress(place, "readAddress", bits);
        code.aload(0).getfield(CPU, "memory", MEMORY).lload(LINEAR);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        code.invokevirtual(MEMORY, (update ? "readForUpdate" : "read") + bits, MethodTypeDesc.of(type, CD_long));
        if (bits == 64 && !asLong) code.l2i();
        if (bits < 64 && asLong) {
            code.i2l();
            if (bits == 32) zeroExtend();
        }
    }

    private void emitLoadImmediate(Place place, boolean asLong) {
        code.aload(1).getfield(INSTRUCTION, "immediate", CD_long);
        if (asLong) return;
        code.l2i();
        if (place.bits() < 32) code.loadConstant((1 << place.bits()) - 1).iand();
    }

    /** Stores the value on the operand stack. */
    private void emitStore(Place place, boolean isLong) {
        switch (place.kind()) {
            case RM, REG -> emitStoreRegister(place, isLong);
            case MEMORY, FLAT_MEMORY, FLAT_BASE_MEMORY -> emitStoreMemory(place, isLong);
            case MMX_REG, MMX_RM, XMM_REG, XMM_RM -> emitStoreScalarSimd(place, isLong);
            default -> throw new IllegalStateException(variant.label() + ": nothing can be stored there");
        }
    }

    private void emitStoreRegister(Place place, boolean isLong) {
        String field = place.kind() == Place.Kind.RM ? "rm" : "reg";
        if (place.bits() == 64) {
            if (!isLong) code.i2l();
            code.lstore(LOW);
            code.aload(0).getfield(CPU, "gpr", LONGS);
            code.aload(1).getfield(INSTRUCTION, field, CD_int).lload(LOW).lastore();
            return;
        }
        if (isLong) code.l2i();
        code.istore(LOW);
        if (variant.mxcsr()) emitRaiseUnmasked();
        code.aload(0).aload(1).getfield(INSTRUCTION, field, CD_int).iload(LOW);
        code.invokevirtual(CPU, "reg" + place.bits(), MethodTypeDesc.of(CD_void, CD_int, CD_int));
    }

    private void emitStoreMemory(Place place, boolean isLong) {
        int bits = place.bits();
        if (bits == 64) {
            if (!isLong) code.i2l();
            code.lstore(LOW);
        } else {
            if (isLong) code.l2i();
            code.istore(LOW);
        }
        if (!variant.updatesMemory()) emitAddress(place, "writeAddress", bits);
        code.aload(0).getfield(CPU, "memory", MEMORY).lload(LINEAR);
        if (bits == 64) code.lload(LOW);
        else code.iload(LOW);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        code.invokevirtual(MEMORY, "write" + bits, MethodTypeDesc.of(CD_void, CD_long, type));
    }

    private void emitStoreScalarSimd(Place place, boolean isLong) {
        if (!isLong) code.i2l();
        code.lstore(LOW);
        if (variant.mxcsr()) emitRaiseUnmasked();
        code.aload(0).aload(1).getfield(INSTRUCTION, simdField(place), CD_int).lload(LOW);
        String method = place.isMmx() ? "mmx" : place.bits() == 32 ? "xmmLow32" : "xmmLow";
        code.invokestatic(SIMD_OPERANDS, method, MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long));
    }

    private void emitRaiseUnmasked() {
        code.aload(0).invokestatic(SIMD, "raiseUnmasked", CHECK);
    }

    private static String simdField(Place place) {
        return place.kind() == Place.Kind.MMX_REG || place.kind() == Place.Kind.XMM_REG ? "reg" : "rm";
    }

    private void emitLoadSimd(Place place, String half) {
        code.aload(0).aload(1).getfield(INSTRUCTION, simdField(place), CD_int);
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
        code.lstore(LOW);
        if (two) {
            emitLane("High", true);
            code.lstore(HIGH);
        }
        if (variant.mxcsr()) emitRaiseUnmasked();
        code.aload(0)
                .aload(1)
                .getfield(INSTRUCTION, simdField(destination), CD_int)
                .lload(LOW);
        if (!two) {
            code.invokestatic(SIMD_OPERANDS, "mmx", MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long));
            return;
        }
        code.lload(HIGH);
        code.invokestatic(SIMD_OPERANDS, "xmm", MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long, CD_long));
    }

    /** Reads the memory operand into MEMORY_LOW and MEMORY_HIGH before anything else happens. */
    private void emitLaneMemory(Place place, boolean two) {
        emitAddress(place, "readAddress", two ? 128 : 64);
        if (two && variant.aligned()) {
            code.aload(0).lload(LINEAR);
            code.invokestatic(SIMD_OPERANDS, "checkAligned", MethodTypeDesc.of(CD_void, CPU, CD_long));
        }
        code.aload(0).getfield(CPU, "memory", MEMORY).lload(LINEAR);
        code.invokevirtual(MEMORY, "read64", MethodTypeDesc.of(CD_long, CD_long))
                .lstore(MEMORY_LOW);
        if (!two) return;
        code.aload(0)
                .getfield(CPU, "memory", MEMORY)
                .lload(LINEAR)
                .loadConstant(8L)
                .ladd();
        code.invokevirtual(MEMORY, "read64", MethodTypeDesc.of(CD_long, CD_long))
                .lstore(MEMORY_HIGH);
    }

    private void emitLane(String half, boolean high) {
        Class<?>[] parameters = variant.method().getParameterTypes();
        int parameter = 0;
        if (Variant.takesCpu(variant.method())) {
            code.aload(0);
            parameter++;
        }
        for (Place source : variant.sources()) {
            boolean asLong = parameters[parameter++] == long.class;
            if (source.isMemory()) code.lload(high ? MEMORY_HIGH : MEMORY_LOW);
            else if (source.isMmx() || source.isXmm()) emitLoadSimd(source, half);
            else emitLoad(source, asLong);
        }
        invokeSemantics();
    }
}
