package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.decode.Instruction;

/**
 * Bytes that processors store differently: the x87 instruction and data pointers, which AMD saves only while an exception is
 * pending (APM Vol 2 §11.4.4.3), and the MXCSR mask, which names the features of a processor.
 */
final class UndefinedMemory {
    private UndefinedMemory() {}

    /** Whether that is so of the byte at {@code offset} in the data pages. */
    static boolean contains(SiliconCase test, Instruction instruction, int offset) {
        int within = offset - operandOffset(test, instruction);
        return switch (instruction.row.semantics()) {
            case "fnstenv", "fnsave" -> instruction.operandSize == 16 ? in(within, 6, 14) : in(within, 12, 28);
            case "fxsave" -> in(within, 6, 24) || in(within, 28, 32) || in(within, 416, 512);
            default -> false;
        };
    }

    private static boolean in(int value, int from, int to) {
        return value >= from && value < to;
    }

    private static int operandOffset(SiliconCase test, Instruction i) {
        long[] gpr = new long[18];
        System.arraycopy(test.input().gpr, 0, gpr, 0, 16);
        gpr[Instruction.BLOCK_RIP] = SiliconLayout.CODE + test.codeOffset();
        long effective = gpr[i.base] + (gpr[i.index] << i.scale) + i.displacement & i.addressMask();
        long segmentBase = test.small() ? SiliconLayout.DATA : 0;
        if (test.codeSize() == 64 && i.segment >= 4) {
            segmentBase = i.segment == 4 ? SiliconLayout.FS_BASE : SiliconLayout.GS_BASE;
        }
        return (int) (segmentBase + effective - SiliconLayout.DATA);
    }
}
