package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_B;
import static java.lang.constant.ConstantDescs.CD_long;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.util.Set;

/**
 * Emits the frequent moves to and from XMM registers, which as methods would take the decoded instruction and so might touch
 * anything. What is moved passes through two locals, its low and its high half.
 */
final class SimdMoveEmitter {
    private static final Set<String> NAMES = Set.of(
            "movdqu",
            "movdquStore",
            "movss",
            "movssStore",
            "movsd",
            "movsdStore",
            "movlp",
            "movlpStore",
            "movhp",
            "movhpStore",
            "movhlps",
            "movlhps",
            "movqXmm",
            "movqXmmStore",
            "movdToXmm",
            "movqToXmm");
    private static final ClassDesc LONGS = CD_long.arrayType();

    private final CodeBuilder code;
    private final OperationEmitter operation;
    private final Instruction instruction;

    SimdMoveEmitter(CodeBuilder code, OperationEmitter operation, Instruction instruction) {
        this.code = code;
        this.operation = operation;
        this.instruction = instruction;
    }

    /** Whether a method is one of these moves. */
    static boolean emits(String method) {
        return NAMES.contains(method);
    }

    void emit(String method) {
        int register = instruction.reg;
        switch (method) {
            case "movdqu" -> {
                loadWhole();
                store(SCRATCH_A, register, 0);
                store(SCRATCH_B, register, 1);
            }
            case "movdquStore" -> storeWhole(register);
            case "movss" -> {
                if (instruction.memory) {
                    operation.emitLoadMemory(32, false);
                    code.lstore(SCRATCH_A);
                    store(SCRATCH_A, register, 0);
                    clear(register);
                } else {
                    merge(instruction.rm, register);
                }
            }
            case "movssStore" -> {
                if (instruction.memory) storePart(register, 0, 32);
                else merge(register, instruction.rm);
            }
            case "movsd" -> {
                loadPart(0);
                store(SCRATCH_A, register, 0);
                if (instruction.memory) clear(register);
            }
            case "movsdStore" -> storePart(register, 0, 64);
            case "movlp" -> {
                loadPart(0);
                store(SCRATCH_A, register, 0);
            }
            case "movhp" -> {
                loadPart(0);
                store(SCRATCH_A, register, 1);
            }
            case "movlpStore" -> storePart(register, 0, 64);
            case "movhpStore" -> storePart(register, 1, 64);
            case "movhlps" -> {
                loadPart(1);
                store(SCRATCH_A, register, 0);
            }
            case "movlhps" -> {
                loadPart(0);
                store(SCRATCH_A, register, 1);
            }
            case "movqXmm" -> {
                loadPart(0);
                store(SCRATCH_A, register, 0);
                clear(register);
            }
            case "movqXmmStore" -> {
                storePart(register, 0, 64);
                if (!instruction.memory) clear(instruction.rm);
            }
            case "movdToXmm" -> loadGeneral(32);
            case "movqToXmm" -> loadGeneral(64);
            default -> throw new IllegalStateException(method + " has no bytecode");
        }
    }

    // ---- the operand that may be memory

    /** Loads 64 bits of it, from a register its low or high half. */
    private void loadPart(int half) {
        if (instruction.memory) operation.emitLoadMemory(64, false);
        else load(instruction.rm, half);
        code.lstore(SCRATCH_A);
    }

    /** Loads a general register or memory into the low half, and makes the rest zero. */
    private void loadGeneral(int bits) {
        if (instruction.memory) operation.emitLoadMemory(bits, false);
        else operation.emitLoad(instruction.rm, bits);
        code.lstore(SCRATCH_A);
        store(SCRATCH_A, instruction.reg, 0);
        clear(instruction.reg);
    }

    private void loadWhole() {
        if (instruction.memory) {
            operation.emitLoadWhole(SCRATCH_A, SCRATCH_B);
            return;
        }
        load(instruction.rm, 0);
        code.lstore(SCRATCH_A);
        load(instruction.rm, 1);
        code.lstore(SCRATCH_B);
    }

    /** Stores the low bits of a half of a register to it; of a register as the low half, all 64. */
    private void storePart(int register, int half, int bits) {
        load(register, half);
        if (instruction.memory) {
            operation.emitStoreQuad(bits);
        } else {
            code.lstore(SCRATCH_A);
            store(SCRATCH_A, instruction.rm, 0);
        }
    }

    private void storeWhole(int register) {
        load(register, 0);
        code.lstore(SCRATCH_A);
        load(register, 1);
        code.lstore(SCRATCH_B);
        if (instruction.memory) {
            operation.emitStoreWhole(SCRATCH_A, SCRATCH_B);
            return;
        }
        store(SCRATCH_A, instruction.rm, 0);
        store(SCRATCH_B, instruction.rm, 1);
    }

    // ---- registers

    private void emitElement(int register, int half) {
        code.aload(RegionLocals.CPU).getfield(InstructionEmitter.CPU, "xmm", LONGS);
        code.loadConstant(2 * register + half);
    }

    private void load(int register, int half) {
        emitElement(register, half);
        code.laload();
    }

    private void store(int local, int register, int half) {
        emitElement(register, half);
        code.lload(local).lastore();
    }

    /** Makes the high half zero. */
    private void clear(int register) {
        emitElement(register, 1);
        code.lconst_0().lastore();
    }

    /** Moves bits 31:0 from a register to another. */
    private void merge(int from, int to) {
        emitElement(to, 0);
        load(to, 0);
        code.loadConstant(~0xFFFF_FFFFL).land();
        load(from, 0);
        code.loadConstant(0xFFFF_FFFFL).land().lor().lastore();
    }
}
