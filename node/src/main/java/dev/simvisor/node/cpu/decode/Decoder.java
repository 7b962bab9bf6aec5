package dev.simvisor.node.cpu.decode;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Opcode.MandatoryPrefix;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.OperandSize;
import dev.simvisor.node.cpu.table.Row;
import org.jspecify.annotations.Nullable;

/**
 * Decodes one instruction at a time. Holds the state of the decoding in progress, so that an instruction costs one
 * allocation; not for use by several threads.
 */
public final class Decoder {
    private static final int XCHG_WITH_RAX = 0x91;

    private final InstructionTable table;
    private final CodeWindow code = new CodeWindow();
    private final Prefixes prefixes = new Prefixes();

    private boolean mode64;
    private int codeSize;
    /** Map in bits 15:8, opcode byte in bits 7:0. */
    private int opcode;

    private boolean hasModRm;
    private int modRm;

    public Decoder(InstructionTable table) {
        this.table = table;
    }

    /**
     * Decodes the instruction at {@code bytes[from]}.
     *
     * @param available how many bytes may be read from there; more than 15 are never looked at
     * @param codeSize 16, 32 or 64: 64 in 64-bit mode, else by CS.D
     * @param offset of the instruction from the start of its block, for {@link Instruction#offset} and RIP-relative operands
     * @return the instruction; an instance of {@link InstructionTable#undefined} or {@link InstructionTable#tooLong} if
     *     executing the bytes raises #UD or #GP; null if it takes more bytes than are available
     */
    public @Nullable Instruction decode(byte[] bytes, int from, int available, int codeSize, int offset) {
        this.codeSize = codeSize;
        mode64 = codeSize == 64;
        code.open(bytes, from, available);
        Row row = readRow();
        if (code.exhausted()) return endOfBytes(offset);
        if (row == null) return pseudo(table.undefined(), offset);

        Instruction instruction = new Instruction(row);
        instruction.offset = (char) offset;
        readSizes(instruction, row);
        if (hasModRm) readModRm(instruction, row);
        for (Operand operand : row.operands()) readOperand(instruction, operand);
        if (code.exhausted()) return endOfBytes(offset);
        if (!legal(instruction, row)) return pseudo(table.undefined(), offset);
        finish(instruction, row);
        return instruction;
    }

    private @Nullable Row readRow() {
        int value = prefixes.read(code, mode64);
        int map = 0;
        if (value == 0x0F) {
            value = code.next();
            map = 1;
            if (value == 0x38 || value == 0x3A) {
                map = value == 0x38 ? 2 : 3;
                value = code.next();
            }
        }
        opcode = map << 8 | value;
        // 90H is a NOP although it looks like XCHG of the accumulator with itself; with REX.B it is an XCHG (SDM Vol 2B
        // NOP).
        int lookup = opcode == 0x90 && prefixes.rexB() != 0 ? XCHG_WITH_RAX : value;
        hasModRm = table.hasModRm(map, lookup);
        modRm = hasModRm ? code.next() : 0;
        return table.select(map, lookup, mode64, prefixes.mandatory(), prefixes.rexW(), modRm);
    }

    private @Nullable Instruction endOfBytes(int offset) {
        return code.tooLong() ? pseudo(table.tooLong(), offset) : null;
    }

    private Instruction pseudo(Row row, int offset) {
        Instruction instruction = new Instruction(row);
        instruction.operandSize = (byte) codeSize;
        instruction.addressSize = (byte) codeSize;
        instruction.segment = SegmentRegister.DS;
        instruction.length = (byte) Math.min(code.position(), CodeWindow.MAXIMUM_LENGTH);
        instruction.offset = (char) offset;
        return instruction;
    }

    // ---- sizes

    private void readSizes(Instruction instruction, Row row) {
        instruction.addressSize = (byte) addressSize();
        instruction.operandSize = (byte) operandSize(row);
        instruction.segment = (byte) (prefixes.segment == Prefixes.NO_OVERRIDE ? SegmentRegister.DS : prefixes.segment);
    }

    private int addressSize() {
        return switch (codeSize) {
            case 64 -> prefixes.addressSize ? 32 : 64;
            case 32 -> prefixes.addressSize ? 16 : 32;
            default -> prefixes.addressSize ? 32 : 16;
        };
    }

    /** The effective operand size: 16, 32 or 64 (SDM Vol 1 tables 3-3 and 3-4). */
    private int operandSize(Row row) {
        boolean override = prefixes.operandSize && row.opcode().prefix() != MandatoryPrefix.P66;
        if (!mode64) return codeSize == 32 ^ override ? 32 : 16;
        if (row.has(Attribute.F64) || prefixes.rexW()) return 64;
        if (override) return 16;
        return row.has(Attribute.D64) ? 64 : 32;
    }

    /** Narrows the operand size to what the row's own operands make of it: see {@link Instruction#operandSize}. */
    private static int sizeOfInstance(Row row, int operandSize) {
        OperandSize size = row.governingSize();
        return switch (size) {
            case B, Y, Z -> size.bits(operandSize);
            default -> operandSize;
        };
    }

    // ---- ModRM

    private void readModRm(Instruction instruction, Row row) {
        instruction.modRm = (byte) modRm;
        instruction.reg = (byte) (modRm >> 3 & 7 | prefixes.rexR());
        if (modRm >= 0xC0 || isRegisterRegardless(row)) {
            instruction.rm = (byte) (modRm & 7 | prefixes.rexB());
            return;
        }
        instruction.memory = true;
        if (instruction.addressSize == 16) readMemory16(instruction);
        else readMemory(instruction);
        if (prefixes.segment == Prefixes.NO_OVERRIDE) instruction.segment = (byte) defaultSegment(instruction);
    }

    /** MOV from and to control and debug registers ignores ModRM.mod (SDM Vol 2B MOV). */
    private static boolean isRegisterRegardless(Row row) {
        for (Operand operand : row.operands()) {
            if (operand.kind() == OperandKind.R) return true;
        }
        return false;
    }

    private static int defaultSegment(Instruction instruction) {
        return instruction.base == 4 || instruction.base == 5 ? SegmentRegister.SS : SegmentRegister.DS;
    }

    /** SDM Vol 2A table 2-1. */
    private void readMemory16(Instruction instruction) {
        int rm = modRm & 7;
        int mod = modRm >> 6;
        if (mod == 0 && rm == 6) {
            instruction.displacement = code.signed(2);
            return;
        }
        instruction.base = (byte) "\3\3\5\5\6\7\5\3".charAt(rm); // BX BX BP BP SI DI BP BX
        if (rm < 4) instruction.index = (byte) (6 + (rm & 1)); // SI DI
        if (mod != 0) instruction.displacement = code.signed(mod);
    }

    /** SDM Vol 2A tables 2-2 and 2-3. */
    private void readMemory(Instruction instruction) {
        int rm = modRm & 7;
        int mod = modRm >> 6;
        boolean noBase = mod == 0 && rm == 5;
        if (rm == 4) noBase = readSib(instruction, mod);
        else if (noBase) instruction.base = (byte) (mode64 ? Instruction.BLOCK_RIP : Instruction.ZERO);
        else instruction.base = (byte) (rm | prefixes.rexB());

        if (mod == 1) instruction.displacement = code.signed(1);
        else if (mod == 2 || noBase) instruction.displacement = code.signed(4);
    }

    /** Returns whether a 32-bit displacement takes the place of the base. */
    private boolean readSib(Instruction instruction, int mod) {
        int sib = code.next();
        int index = sib >> 3 & 7 | prefixes.rexX();
        if (index != 4) {
            instruction.index = (byte) index;
            instruction.scale = (byte) (sib >> 6);
        }
        int base = sib & 7;
        if (mod == 0 && base == 5) return true;
        instruction.base = (byte) (base | prefixes.rexB());
        return false;
    }

    // ---- operands

    private void readOperand(Instruction instruction, Operand operand) {
        switch (operand.kind()) {
            case E, R -> {
                if (!instruction.memory) instruction.rm = (byte) general(instruction.rm, operand);
            }
            case G -> instruction.reg = (byte) general(operand.isFixed() ? operand.fixed() : instruction.reg, operand);
            case Z -> instruction.rm = (byte) general(opcodeRegister(operand), operand);
            case S -> instruction.reg = (byte) (operand.isFixed() ? operand.fixed() : instruction.reg & 7);
            case P -> instruction.reg &= 7;
            case N, Q, STI -> instruction.rm &= 7;
            case I -> readImmediate(instruction, operand);
            case J -> instruction.immediate = code.signed(operand.size().bits(instruction.operandSize) / 8);
            case A -> readFarPointer(instruction);
            case O -> readAbsoluteOffset(instruction);
            case C, D, M, U, V, W, X, Y, ST0, CL, DX, AX, ONE -> {}
        }
    }

    private int opcodeRegister(Operand operand) {
        return operand.isFixed() ? operand.fixed() : opcode & 7 | prefixes.rexB();
    }

    /** AH, CH, DH and BH are numbers 4 to 7 of the 8-bit registers unless there is a REX prefix. */
    private int general(int register, Operand operand) {
        boolean high = operand.size() == OperandSize.B && !prefixes.rexPresent() && register >= 4 && register < 8;
        return high ? register - 4 | Instruction.HIGH_BYTE : register;
    }

    private void readImmediate(Instruction instruction, Operand operand) {
        int size = operand.size().bits(instruction.operandSize) / 8;
        if (isSecondImmediate(instruction.row, operand)) instruction.displacement = code.unsigned(size);
        else if (operand.size() == OperandSize.W) instruction.immediate = code.unsigned(size);
        else instruction.immediate = code.signed(size);
    }

    private static boolean isSecondImmediate(Row row, Operand operand) {
        return row.operands().size() > 1
                && row.operands().get(1) == operand
                && row.operands().get(0).kind() == OperandKind.I;
    }

    private void readFarPointer(Instruction instruction) {
        instruction.immediate = code.unsigned(instruction.operandSize == 16 ? 2 : 4);
        instruction.displacement = code.unsigned(2);
    }

    private void readAbsoluteOffset(Instruction instruction) {
        instruction.memory = true;
        instruction.displacement = code.unsigned(instruction.addressSize / 8);
    }

    // ---- the end

    private boolean legal(Instruction instruction, Row row) {
        if (prefixes.lock && !(row.has(Attribute.LOCK) && instruction.memory)) return false;
        for (Operand operand : row.operands()) {
            boolean exists = switch (operand.kind()) {
                case S ->
                    operand.isFixed()
                            || segmentExists(
                                    instruction.reg, operand == row.operands().getFirst());
                case C -> controlRegisterExists(instruction.reg);
                case D -> instruction.reg < 8;
                default -> true;
            };
            if (!exists) return false;
        }
        return true;
    }

    /** CS can be read but not loaded (SDM Vol 2B MOV). */
    private static boolean segmentExists(int segment, boolean written) {
        return segment <= SegmentRegister.GS && !(written && segment == SegmentRegister.CS);
    }

    private boolean controlRegisterExists(int register) {
        return switch (register) {
            case 0, 2, 3, 4 -> true;
            case 8 -> mode64;
            default -> false;
        };
    }

    private void finish(Instruction instruction, Row row) {
        instruction.length = (byte) code.position();
        instruction.operandSize = (byte) sizeOfInstance(row, instruction.operandSize);
        instruction.lock = prefixes.lock;
        boolean partOfOpcode =
                row.opcode().prefix() == MandatoryPrefix.F2 || row.opcode().prefix() == MandatoryPrefix.F3;
        instruction.repeat = partOfOpcode ? Instruction.NO_PREFIX : (byte) prefixes.repeat;
        if (instruction.base == Instruction.BLOCK_RIP) instruction.displacement += instruction.nextOffset();
    }
}
