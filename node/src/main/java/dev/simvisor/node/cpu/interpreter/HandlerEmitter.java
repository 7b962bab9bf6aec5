package dev.simvisor.node.cpu.interpreter;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Emits one handler: {@code static void handler(Cpu cpu, Instruction i)}. Operands are what the decoded instruction says. */
final class HandlerEmitter extends InstructionEmitter {
    private static final ClassDesc MEMORY =
            LinearMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc LONGS = CD_long.arrayType();

    // Locals: 0 the Cpu, 1 the Instruction, then temporaries.
    private static final int CPU_LOCAL = 0;
    private static final int INSTRUCTION_LOCAL = 1;
    private static final int FIRST_TEMPORARY = 2;

    HandlerEmitter(CodeBuilder code, Variant variant) {
        super(code, variant, CPU_LOCAL, FIRST_TEMPORARY);
    }

    @Override
    public void emit() {
        super.emit();
        code.return_();
    }

    @Override
    protected void emitInstruction() {
        code.aload(INSTRUCTION_LOCAL);
    }

    @Override
    protected void emitRegisterNumber(Place place) {
        code.aload(INSTRUCTION_LOCAL).getfield(INSTRUCTION, place.registerField(), CD_byte);
    }

    @Override
    protected void emitAddress(Place place, boolean write, int bits) {
        if (place.kind() == Place.Kind.MEMORY) {
            code.aload(CPU_LOCAL).aload(INSTRUCTION_LOCAL).loadConstant(bits / 8);
            String method = write ? "writeAddress" : "readAddress";
            code.invokevirtual(CPU, method, MethodTypeDesc.of(CD_long, INSTRUCTION, CD_int));
        } else if (place.kind() == Place.Kind.FLAT_MEMORY) {
            emitEffectiveAddress();
        } else {
            code.aload(CPU_LOCAL).aload(INSTRUCTION_LOCAL);
            code.invokevirtual(CPU, "effectiveAddressOfBase", MethodTypeDesc.of(CD_long, INSTRUCTION));
        }
        code.lstore(linear);
    }

    @Override
    protected void emitEffectiveAddress() {
        code.aload(CPU_LOCAL).aload(INSTRUCTION_LOCAL);
        code.invokevirtual(CPU, "effectiveAddress", MethodTypeDesc.of(CD_long, INSTRUCTION));
    }

    @Override
    protected void emitLoadRegister(Place place, boolean asLong) {
        if (place.bits() == 64 || asLong && place.bits() == 32) {
            code.aload(CPU_LOCAL).getfield(CPU, "gpr", LONGS);
            emitRegisterNumber(place);
            code.laload();
            if (place.bits() == 32) zeroExtend();
            if (!asLong) code.l2i();
            return;
        }
        code.aload(CPU_LOCAL);
        emitRegisterNumber(place);
        code.invokevirtual(CPU, "reg" + place.bits(), MethodTypeDesc.of(CD_int, CD_int));
        if (asLong) code.i2l();
    }

    @Override
    protected void emitStoreRegister(Place place) {
        if (place.bits() == 64) {
            code.lstore(low);
            code.aload(CPU_LOCAL).getfield(CPU, "gpr", LONGS);
            emitRegisterNumber(place);
            code.lload(low).lastore();
            return;
        }
        code.istore(low).aload(CPU_LOCAL);
        emitRegisterNumber(place);
        code.iload(low).invokevirtual(CPU, "reg" + place.bits(), MethodTypeDesc.of(CD_void, CD_int, CD_int));
    }

    @Override
    protected void emitLoadCl() {
        code.aload(CPU_LOCAL).loadConstant(Cpu.RCX);
        code.invokevirtual(CPU, "reg8", MethodTypeDesc.of(CD_int, CD_int));
    }

    @Override
    protected void emitLoadImmediate() {
        code.aload(INSTRUCTION_LOCAL).getfield(INSTRUCTION, "immediate", CD_long);
    }

    @Override
    protected void emitRead(int bits, boolean forUpdate) {
        code.aload(CPU_LOCAL).getfield(CPU, "memory", MEMORY).lload(linear);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        code.invokevirtual(MEMORY, (forUpdate ? "readForUpdate" : "read") + bits, MethodTypeDesc.of(type, CD_long));
    }

    @Override
    protected void emitWrite(int bits) {
        code.aload(CPU_LOCAL).getfield(CPU, "memory", MEMORY).lload(linear);
        if (bits == 64) code.lload(low);
        else code.iload(low);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        code.invokevirtual(MEMORY, "write" + bits, MethodTypeDesc.of(CD_void, CD_long, type));
    }
}
