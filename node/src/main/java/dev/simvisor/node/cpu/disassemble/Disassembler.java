package dev.simvisor.node.cpu.disassemble;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.OperandSize;
import dev.simvisor.node.cpu.table.Row;
import java.util.Locale;

/** Renders decoded instructions. */
public final class Disassembler {
    private Disassembler() {}

    /**
     * The instruction in Intel syntax, in lower case: {@code lock add dword ptr [rbx+rcx*4+0x10], eax}.
     *
     * @param instructionPointer offset in CS of the instruction, to which branch targets are relative
     */
    public static String format(Instruction instruction, long instructionPointer) {
        StringBuilder text = new StringBuilder(prefixes(instruction)).append(mnemonic(instruction));
        String separator = " ";
        for (Operand operand : instruction.row.operands()) {
            text.append(separator).append(operand(instruction, operand, instructionPointer));
            separator = ", ";
        }
        return text.toString();
    }

    private static String prefixes(Instruction instruction) {
        String lock = instruction.lock ? "lock " : "";
        if (instruction.repeat == Instruction.NO_PREFIX) return lock;
        boolean equal = instruction.repeat == Instruction.REP;
        if (instruction.row.has(Attribute.REPZ)) return lock + (equal ? "repe " : "repne ");
        return instruction.row.has(Attribute.REP) ? lock + "rep " : lock;
    }

    private static String mnemonic(Instruction instruction) {
        Row row = instruction.row;
        int size = row.has(Attribute.BYADDRESS) ? instruction.addressSize : instruction.operandSize;
        return row.mnemonic(size).toLowerCase(Locale.ROOT);
    }

    private static String operand(Instruction i, Operand operand, long instructionPointer) {
        int bits = operand.size().bits(i.operandSize);
        return switch (operand.kind()) {
            case E, M, O -> i.memory ? memory(i, operand) : RegisterNames.general(i.rm, bits);
            case Z, R -> RegisterNames.general(i.rm, bits);
            case G -> RegisterNames.general(i.reg, bits);
            case S -> RegisterNames.segment(i.reg);
            case C -> "cr" + i.reg;
            case D -> "dr" + i.reg;
            case P -> "mm" + i.reg;
            case Q, N -> i.memory ? memory(i, operand) : "mm" + i.rm;
            case V -> "xmm" + i.reg;
            case W, U -> i.memory ? memory(i, operand) : "xmm" + i.rm;
            case ST0 -> "st";
            case STI -> "st(" + i.rm + ")";
            case CL -> "cl";
            case DX -> "dx";
            case AX -> "ax";
            case ONE -> "1";
            case I -> immediate(i, operand);
            case J -> hex(target(i, instructionPointer));
            case A -> hex(i.secondImmediate()) + ":" + hex(i.immediate);
            case X -> sizeName(bits) + RegisterNames.segment(i.segment) + ":[" + indexRegister(i, 6) + "]";
            case Y -> sizeName(bits) + "es:[" + indexRegister(i, 7) + "]";
        };
    }

    private static String indexRegister(Instruction i, int register) {
        return RegisterNames.general(register, i.addressSize);
    }

    private static long target(Instruction i, long instructionPointer) {
        long target = instructionPointer + i.length + i.immediate;
        return i.operandSize == 64 ? target : target & -1L >>> 64 - i.operandSize;
    }

    /** Immediates are sign-extended to the size of what they are combined with. */
    private static String immediate(Instruction i, Operand operand) {
        boolean second = operand != i.row.operands().getFirst()
                && i.row.operands().getFirst().kind() == OperandKind.I;
        if (second) return hex(i.secondImmediate());
        boolean alone =
                i.row.governingSize() == OperandSize.NONE || i.row.operands().size() == 3;
        int bits = operand.size() == OperandSize.B && alone ? 8 : Math.max(8, i.operandSize);
        return hex(i.immediate & -1L >>> 64 - bits);
    }

    // ---- memory

    private static String memory(Instruction i, Operand operand) {
        String segment = i.segment == defaultSegment(i) ? "" : RegisterNames.segment(i.segment) + ":";
        return sizeName(operand.memorySize().bits(i.operandSize)) + segment + "[" + address(i) + "]";
    }

    private static int defaultSegment(Instruction i) {
        return i.base == 4 || i.base == 5 ? SegmentRegister.SS : SegmentRegister.DS;
    }

    private static String sizeName(int bits) {
        return switch (bits) {
            case 8 -> "byte ptr ";
            case 16 -> "word ptr ";
            case 32 -> "dword ptr ";
            case 48 -> "fword ptr ";
            case 64 -> "qword ptr ";
            case 80 -> "tbyte ptr ";
            case 128 -> "xmmword ptr ";
            default -> "";
        };
    }

    private static String address(Instruction i) {
        StringBuilder text = new StringBuilder();
        long displacement = i.displacement;
        if (i.base == Instruction.BLOCK_RIP) {
            text.append(i.addressSize == 64 ? "rip" : "eip");
            displacement -= i.nextOffset();
        } else if (i.base != Instruction.ZERO) {
            text.append(RegisterNames.general(i.base, i.addressSize));
        }
        if (i.index != Instruction.ZERO) {
            if (!text.isEmpty()) text.append('+');
            text.append(RegisterNames.general(i.index, i.addressSize));
            if (i.addressSize != 16) text.append('*').append(1 << i.scale);
        }
        if (text.isEmpty()) return hex(displacement & i.addressMask());
        if (displacement < 0) return text.append('-').append(hex(-displacement)).toString();
        return displacement == 0
                ? text.toString()
                : text.append('+').append(hex(displacement)).toString();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
