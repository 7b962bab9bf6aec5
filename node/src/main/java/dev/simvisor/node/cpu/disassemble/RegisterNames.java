package dev.simvisor.node.cpu.disassemble;

import dev.simvisor.node.cpu.decode.Instruction;
import java.util.List;

/** Registers by the numbers that the decoder gives them. */
final class RegisterNames {
    private static final List<String> LEGACY = List.of("ax", "cx", "dx", "bx", "sp", "bp", "si", "di");
    private static final List<String> HIGH = List.of("ah", "ch", "dh", "bh");
    private static final List<String> SEGMENTS = List.of("es", "cs", "ss", "ds", "fs", "gs");

    private RegisterNames() {}

    /** A general register of 8, 16, 32 or 64 bits, possibly with {@link Instruction#HIGH_BYTE}. */
    static String general(int register, int bits) {
        if ((register & Instruction.HIGH_BYTE) != 0) return HIGH.get(register & 3);
        return register < 8 ? legacy(register, bits) : extended(register, bits);
    }

    private static String legacy(int register, int bits) {
        String name = LEGACY.get(register);
        return switch (bits) {
            case 8 -> register < 4 ? name.charAt(0) + "l" : name + "l";
            case 16 -> name;
            case 32 -> "e" + name;
            default -> "r" + name;
        };
    }

    private static String extended(int register, int bits) {
        return switch (bits) {
            case 8 -> "r" + register + "b";
            case 16 -> "r" + register + "w";
            case 32 -> "r" + register + "d";
            default -> "r" + register;
        };
    }

    static String segment(int register) {
        return SEGMENTS.get(register);
    }
}
