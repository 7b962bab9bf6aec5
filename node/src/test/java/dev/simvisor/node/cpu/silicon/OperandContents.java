package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.OperandSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** What to put into a memory operand. */
final class OperandContents {
    /** Selectors that mean the same to the runner's kernel and to the replay. */
    private static final int[] SELECTORS = {
        0, 0x23, 0x2B, 0x33, 0x07, 0x0F, 0x17, 0x10, 0x18, 0x28, 0x83, 0x1F, 0x2A, 0x0C
    };

    private static final int LARGEST = 64;

    private OperandContents() {}

    static int selector(Pattern pattern) {
        return SELECTORS[pattern.below(SELECTORS.length)];
    }

    /** Bytes that the instruction accesses, an estimate for those with state images. */
    static int size(Instruction i) {
        for (Operand operand : i.row.operands()) {
            if (!operand.kind().memoryPossible() && operand.kind() != OperandKind.O) continue;
            if (operand.memorySize() != OperandSize.NONE)
                return operand.memorySize().bits(i.operandSize) / 8;
            return imageSize(i);
        }
        return 0;
    }

    private static int imageSize(Instruction i) {
        return switch (i.row.semantics()) {
            case "fxsave", "fxrstor" -> 512;
            case "fnsave", "frstor" -> i.operandSize == 16 ? 94 : 108;
            case "fldenv", "fnstenv" -> i.operandSize == 16 ? 14 : 28;
            default -> 0;
        };
    }

    static byte[] of(Instruction i, Pattern pattern) {
        byte[] contents = new byte[LARGEST];
        ByteBuffer buffer = ByteBuffer.wrap(contents).order(ByteOrder.LITTLE_ENDIAN);
        int size = Math.min(size(i), LARGEST);
        fill(i, size, buffer, pattern);
        return Arrays.copyOf(contents, size);
    }

    private static void fill(Instruction i, int size, ByteBuffer buffer, Pattern pattern) {
        FloatPattern floats = new FloatPattern(pattern);
        for (int at = 0; at < LARGEST; at += 8) buffer.putLong(at, pattern.edgy());
        switch (i.row.semantics()) {
            case "lar", "lsl", "verr", "verw", "movToSegment", "lldt", "ltr" ->
                buffer.putShort(0, (short) selector(pattern));
            case "callFarIndirect", "jmpFarIndirect", "les", "lds", "lss", "lfs", "lgs" ->
                buffer.putInt(0, pattern.below(0x8000)).putShort(size - 2, (short) selector(pattern));
            case "callIndirect", "jmpIndirect" -> {
                if (i.operandSize == 64 && !pattern.oneIn(5)) buffer.putLong(0, pattern.next() >>> 17);
            }
            case "ldmxcsr" -> buffer.putInt(0, (int) pattern.next() & 0xFFFF | (pattern.oneIn(8) ? 1 << 16 : 0));
            case "fxrstor" -> buffer.putInt(24, 0x1F80 | pattern.below(64));
            case "fldcw" -> buffer.putShort(0, (short) pattern.next());
            default -> {
                if (floatingPoint(i)) floats(i, size, buffer, floats, pattern);
            }
        }
    }

    private static boolean floatingPoint(Instruction i) {
        return i.row.needs(Feature.X87) || i.row.needs(Feature.SSE) || i.row.needs(Feature.SSE2);
    }

    private static void floats(Instruction i, int size, ByteBuffer buffer, FloatPattern floats, Pattern pattern) {
        boolean integers = i.row.semantics().contains("Int");
        if (integers || size < 4) return;
        boolean singles = size == 4 || size > 8 && pattern.oneIn(2);
        if (size == 10) {
            if (i.row.semantics().equals("fbld")) packedDecimal(buffer, pattern);
            else floats.extended(buffer, 0);
        } else {
            for (int at = 0; at < 16; at += 8) buffer.putLong(at, singles ? floats.twoSingles() : floats.doubleBits());
        }
    }

    private static void packedDecimal(ByteBuffer buffer, Pattern pattern) {
        for (int n = 0; n < 9; n++) buffer.put(n, (byte) (pattern.below(10) << 4 | pattern.below(10)));
        buffer.put(9, (byte) (pattern.below(2) << 7));
    }
}
