package dev.simvisor.node.cpu.translator;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * An endless program of random integer instructions for {@link GuestPair}: blocks with conditional jumps ahead, calls of
 * small procedures, a counted loop. rSI points to data and rSP to a stack; neither is ever written otherwise.
 */
final class RandomProgram {
    private static final int REX = 0x40;
    private static final int POINTER = 6;
    private static final int STACK = 4;
    private static final int BLOCKS = 12;
    private static final int PROCEDURES = 3;
    /** Offset in the data of the loop's counter, out of the reach of other instructions. */
    private static final int COUNTER = 0x700;

    private final Random random;
    private final boolean wide;
    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    private RandomProgram(long seed, boolean wide) {
        this.random = new Random(seed);
        this.wide = wide;
    }

    /** Machine code to be entered at its first byte. */
    static byte[] of(long seed, boolean wide) {
        return new RandomProgram(seed, wide).generate();
    }

    private byte[] generate() {
        // Procedures come first, and a jump over them.
        List<Integer> procedures = new ArrayList<>();
        emit(0xE9, 0, 0, 0, 0);
        for (int n = 0; n < PROCEDURES; n++) {
            procedures.add(code.size());
            for (int k = random.nextInt(6); k >= 0; k--) instruction();
            emit(0xC3);
        }
        int start = code.size();
        emitAlu(0xC7, 0, COUNTER, 4); // mov dword [rsi+COUNTER], 4
        int loop = code.size();
        List<byte[]> blocks = new ArrayList<>();
        for (int n = 0; n < BLOCKS; n++) blocks.add(block());
        for (int n = 0; n < BLOCKS; n++) {
            code.writeBytes(blocks.get(n));
            int distance = n + 1 < BLOCKS && random.nextBoolean() ? blocks.get(n + 1).length : 0;
            // The length of a skipped block includes the call or the jump behind it, which are five and six bytes.
            boolean skips = distance > 0;
            if (skips) emit(0x0F, 0x80 + random.nextInt(16), distance & 0xFF, distance >> 8, 0, 0);
            else call(procedures.get(random.nextInt(PROCEDURES)));
        }
        emit(0xFF, 0x8E, COUNTER & 0xFF, COUNTER >> 8, 0, 0); // dec dword [rsi+COUNTER]
        jump(0x0F, 0x85, loop);
        jump(0xE9, -1, start);
        byte[] bytes = code.toByteArray();
        int skip = start - 5;
        bytes[1] = (byte) skip;
        bytes[2] = (byte) (skip >> 8);
        return bytes;
    }

    private byte[] block() {
        byte[] before = code.toByteArray();
        code.reset();
        for (int k = random.nextInt(8); k >= 0; k--) instruction();
        byte[] block = code.toByteArray();
        code.reset();
        code.writeBytes(before);
        return block;
    }

    private void emit(int... bytes) {
        for (int value : bytes) code.write(value);
    }

    private void emitWord(int value) {
        emit(value, value >> 8, value >> 16, value >> 24);
    }

    private void emitAlu(int opcode, int extension, int offset, int immediate) {
        emit(opcode, 0x86 | extension << 3);
        emitWord(offset);
        emitWord(immediate);
    }

    private void call(int target) {
        emit(0xE8);
        emitWord(target - code.size() - 4);
    }

    private void jump(int first, int second, int target) {
        emit(first);
        if (second >= 0) emit(second);
        emitWord(target - code.size() - 4);
    }

    // ---- instructions

    private void instruction() {
        switch (random.nextInt(26)) {
            case 0, 1, 2, 3, 4 -> modRm(random.nextInt(8) << 3 | random.nextInt(4)); // ALU r/m,r and r,r/m
            case 5, 6 -> immediate(0x80 + (random.nextBoolean() ? 1 : 3), 8);
            case 7 -> immediate(0x80, 8);
            case 8, 9 -> modRm(0x88 + random.nextInt(4)); // MOV
            case 10 -> modRm(0x84 + random.nextInt(4)); // TEST, XCHG
            case 11, 12 -> shift();
            case 13 -> extended(0xF6 + random.nextInt(2), new int[] {2, 3, 4, 5}); // NOT NEG MUL IMUL
            case 14 -> extended(0xFE + random.nextInt(2), new int[] {0, 1}); // INC DEC
            case 15 -> modRm(0x0F, new int[] {0xAF, 0xB6, 0xB7, 0xBE, 0xBF, 0xBC, 0xBD, 0xB0, 0xB1, 0xC0, 0xC1});
            case 16, 17 -> modRm(0x0F, new int[] {0x40 + random.nextInt(16)}); // CMOVcc
            case 18, 19 -> modRm(0x0F, new int[] {0x90 + random.nextInt(16)}); // SETcc
            case 20 -> bits();
            case 21 -> productByImmediate();
            case 22 -> emit(new int[] {0x98, 0x99, 0xF5, 0xF8, 0xF9, 0x9E, 0x9F}[random.nextInt(7)]);
            case 23 -> pushPop();
            case 24 -> lea();
            default -> strings();
        }
    }

    private int register() {
        while (true) {
            int number = random.nextInt(8);
            if (number != POINTER && number != STACK) return number;
        }
    }

    /** 66H or REX or neither; REX extends no register that is a pointer. */
    private int prefix(int allowedRex) {
        if (random.nextInt(6) == 0) emit(0x66);
        if (!wide || random.nextBoolean()) return 0;
        int rex = REX | random.nextInt(16) & allowedRex;
        emit(rex);
        return rex;
    }

    /** A ModRM byte that names two registers, or a register and data. */
    private void operands(int register) {
        int memory = random.nextInt(4);
        switch (memory) {
            case 0 -> emit(0x40 | register << 3 | POINTER, 8 * random.nextInt(15) + random.nextInt(2));
            case 1 -> {
                emit(0x80 | register << 3 | POINTER);
                emitWord(random.nextInt(0x600));
            }
            default -> emit(0xC0 | register << 3 | register());
        }
    }

    private void modRm(int opcode) {
        prefix(0xC); // without REX.B, as memory is addressed by rSI
        emit(opcode);
        operands(register());
    }

    private void modRm(int escape, int[] opcodes) {
        prefix(0xC);
        emit(escape, opcodes[random.nextInt(opcodes.length)]);
        operands(register());
    }

    private void extended(int opcode, int[] extensions) {
        prefix(0x8);
        emit(opcode);
        operands(extensions[random.nextInt(extensions.length)]);
    }

    private void immediate(int opcode, int extensions) {
        boolean word = random.nextInt(6) == 0;
        if (word) emit(0x66);
        if (wide && random.nextBoolean()) emit(REX | (word ? 0 : 8));
        emit(opcode);
        operands(random.nextInt(extensions));
        if (opcode != 0x81) emit(random.nextInt(256));
        else if (word) emit(random.nextInt(256), random.nextInt(256));
        else emitWord(random.nextInt());
    }

    private void shift() {
        prefix(0x8);
        int form = random.nextInt(3);
        int base = form == 0 ? 0xC0 : form == 1 ? 0xD0 : 0xD2;
        emit(base + random.nextInt(2));
        operands(random.nextInt(8));
        if (form == 0) emit(random.nextInt(4) == 0 ? 0 : random.nextInt(256));
    }

    private void bits() {
        prefix(0x8);
        if (random.nextBoolean()) {
            emit(0x0F, 0xBA);
            operands(4 + random.nextInt(4));
            emit(random.nextInt(256));
        } else if (random.nextInt(4) == 0) {
            emit(0x0F, random.nextBoolean() ? 0xA4 : 0xAC); // SHLD, SHRD
            operands(register());
            emit(random.nextInt(4) == 0 ? 0 : random.nextInt(256));
        } else {
            // BT, BTS, BTR, BTC, SHLD and SHRD by CL of registers alone.
            int[] opcodes = {0xA3, 0xAB, 0xB3, 0xBB, 0xA5, 0xAD};
            emit(0x0F, opcodes[random.nextInt(opcodes.length)], 0xC0 | register() << 3 | register());
        }
    }

    private void productByImmediate() {
        prefix(0xC);
        emit(0x6B);
        operands(register());
        emit(random.nextInt(256));
    }

    private void pushPop() {
        emit(0x50 + random.nextInt(8));
        if (random.nextBoolean()) instruction();
        if (random.nextInt(4) == 0) {
            emit(0x58 + register());
            emit(0x9C, 0x58 + register()); // pushf; pop
        } else {
            emit(0x58 + register());
        }
    }

    private void lea() {
        int rex = wide && random.nextBoolean() ? REX | 8 : 0;
        if (rex != 0) emit(rex);
        // [base + index * scale + displacement]
        emit(0x8D, 0x44 | register() << 3, random.nextInt(4) << 6 | register() << 3 | register(), random.nextInt(256));
    }

    /** A few STOS or SCAS in the data, and an indexed access there. */
    private void strings() {
        if (random.nextBoolean()) {
            emit(0xB9);
            emitWord(random.nextInt(9)); // mov ecx, n
            if (wide) emit(REX | 8);
            emit(0x8D, 0x7E, random.nextInt(100)); // lea rdi, [rsi+n]
            emit(random.nextBoolean() ? 0xF3 : 0xF2, random.nextBoolean() ? 0xAB : 0xAE);
        } else {
            emit(0x0F, 0xB6, 0xC0 | 2 << 3); // movzx edx, al
            emit(0x03, 0x44 | random.nextInt(3) << 3, random.nextInt(3) << 6 | 2 << 3 | POINTER, 4);
        }
    }
}
