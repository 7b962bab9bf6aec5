package dev.simvisor.node.cpu.disassemble;

import dev.simvisor.node.cpu.decode.Decoder;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Code bytes as a listing. */
public final class CodeListing {
    private static final InstructionTable TABLE = InstructionTable.load();

    /**
     * One instruction.
     *
     * @param address offset in CS
     * @param bytes in hexadecimal
     */
    public record Line(long address, String bytes, String text) {}

    private CodeListing() {}

    /**
     * All instructions from the first byte on; one that the bytes end within is left out.
     *
     * @param address of the first byte
     * @param codeSize 16, 32 or 64
     */
    public static List<Line> of(byte[] code, long address, int codeSize) {
        return decode(code, codeSize).stream()
                .map(instruction -> line(instruction, code, address))
                .toList();
    }

    /** The instructions themselves. */
    public static List<Instruction> decode(byte[] code, int codeSize) {
        Decoder decoder = new Decoder(TABLE);
        List<Instruction> instructions = new ArrayList<>();
        for (int at = 0; at < code.length; ) {
            Instruction instruction = decoder.decode(code, at, code.length - at, codeSize, at);
            if (instruction == null) break;
            instructions.add(instruction);
            at += instruction.length;
        }
        return instructions;
    }

    private static Line line(Instruction instruction, byte[] code, long address) {
        byte[] bytes = Arrays.copyOfRange(code, instruction.offset, instruction.nextOffset());
        long at = address + instruction.offset;
        return new Line(at, HexFormat.ofDelimiter(" ").formatHex(bytes), Disassembler.format(instruction, at));
    }
}
