package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_B;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_B;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.BitSet;
import java.util.Set;

/** Emits instructions that read and write two operands at once, and bit scans. Values pass through longs, zero-extended. */
final class ExchangeEmitter {
    private static final Set<String> NAMES = Set.of("xchg", "xchgAccumulator", "xadd", "cmpxchg", "bsf", "bsr");

    private final CodeBuilder code;
    private final FlagEmitter flags;
    private final OperationEmitter operation;
    private final Instruction instruction;
    private final int bits;
    private final boolean flagsMatter;

    ExchangeEmitter(
            CodeBuilder code,
            FlagEmitter flags,
            OperationEmitter operation,
            Instruction instruction,
            boolean flagsMatter) {
        this.code = code;
        this.flags = flags;
        this.operation = operation;
        this.instruction = instruction;
        this.bits = instruction.operandSize;
        this.flagsMatter = flagsMatter;
    }

    static boolean emits(String name) {
        return NAMES.contains(name);
    }

    /** The registers that an instruction reads or writes beside those of its address. */
    static void addRegisters(BitSet registers, String name, Instruction instruction) {
        if (!instruction.memory) registers.set(instruction.rm & 15);
        if (name.equals("xchgAccumulator")) registers.set(Cpu.RAX);
        else registers.set(instruction.reg & 15);
        if (name.equals("cmpxchg")) registers.set(Cpu.RAX);
    }

    void emit(String name) {
        switch (name) {
            case "xchg" -> exchange(instruction.reg);
            case "xchgAccumulator" -> exchange(Cpu.RAX);
            case "xadd" -> exchangeAndAdd();
            case "cmpxchg" -> compareAndExchange();
            case "bsf" -> scan("numberOfTrailingZeros");
            case "bsr" -> scan("numberOfLeadingZeros");
            default -> throw new IllegalStateException(name + " has no bytecode");
        }
    }

    /** Loads the operand that may be memory into a local, so that storing it cannot fail. */
    private void loadForUpdate(int local) {
        if (instruction.memory) operation.emitLoadMemory(bits, true);
        else operation.emitLoad(instruction.rm, bits);
        code.lstore(local);
    }

    /** Stores a local to the operand that may be memory. */
    private void update(int local) {
        code.lload(local);
        if (instruction.memory) operation.emitUpdateMemory(bits);
        else operation.emitStore(instruction.rm, bits);
    }

    private void exchange(int other) {
        loadForUpdate(SCRATCH_A);
        operation.emitLoad(other, bits);
        code.lstore(SCRATCH_B);
        update(SCRATCH_B);
        code.lload(SCRATCH_A);
        operation.emitStore(other, bits);
    }

    private void exchangeAndAdd() {
        loadForUpdate(SCRATCH_A);
        operation.emitLoad(instruction.reg, bits);
        code.lstore(FLAG_B);
        code.lload(SCRATCH_A).lload(FLAG_B).ladd().lstore(SCRATCH_B);
        if (instruction.memory) update(SCRATCH_B);
        code.lload(SCRATCH_A);
        operation.emitStore(instruction.reg, bits);
        // With twice the same register the sum prevails.
        if (!instruction.memory) update(SCRATCH_B);
        code.lload(SCRATCH_A).lstore(FLAG_A);
        if (flagsMatter) flags.set(DeferredFlags.ADD + DeferredFlags.sizeIndex(bits));
    }

    private void compareAndExchange() {
        loadForUpdate(SCRATCH_B);
        operation.emitLoad(Cpu.RAX, bits);
        code.lstore(SCRATCH_A);
        Label different = code.newLabel();
        Label end = code.newLabel();
        code.lload(SCRATCH_A).lload(SCRATCH_B).lcmp().ifne(different);
        operation.emitLoad(instruction.reg, bits);
        code.lstore(FLAG_A);
        update(FLAG_A);
        code.goto_(end);
        code.labelBinding(different);
        if (instruction.memory) update(SCRATCH_B);
        code.lload(SCRATCH_B);
        operation.emitStore(Cpu.RAX, bits);
        code.labelBinding(end);
        code.lload(SCRATCH_A).lstore(FLAG_A).lload(SCRATCH_B).lstore(FLAG_B);
        if (flagsMatter) flags.set(DeferredFlags.SUB + DeferredFlags.sizeIndex(bits));
    }

    /** Z tells of a zero source, which leaves the destination alone. */
    private void scan(String method) {
        if (instruction.memory) operation.emitLoadMemory(bits, false);
        else operation.emitLoad(instruction.rm, bits);
        code.lstore(SCRATCH_A);
        Label zero = code.newLabel();
        Label end = code.newLabel();
        code.lload(SCRATCH_A).lconst_0().lcmp().ifeq(zero);
        if (method.equals("numberOfLeadingZeros")) code.loadConstant(63);
        code.lload(SCRATCH_A).invokestatic(ConstantDescs.CD_Long, method, MethodTypeDesc.of(CD_int, CD_long));
        if (method.equals("numberOfLeadingZeros")) code.isub();
        code.i2l();
        operation.emitStore(instruction.reg, bits);
        code.lconst_1().lstore(FLAG_A).goto_(end);
        code.labelBinding(zero);
        code.lconst_0().lstore(FLAG_A);
        code.labelBinding(end);
        if (flagsMatter) flags.set(DeferredFlags.LOGIC + DeferredFlags.sizeIndex(64));
    }
}
