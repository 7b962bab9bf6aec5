package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBP;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDI;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.Cpu.RSI;
import static dev.simvisor.node.cpu.Cpu.RSP;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.decode.Instruction;

/** Instructions of the stack but for flags and segment registers: PUSH, POP, PUSHA, POPA, ENTER, LEAVE. */
public final class Stack {
    private static final int GENERAL_REGISTERS = 8;
    private static final int EIGHT_DOUBLEWORDS = GENERAL_REGISTERS * Integer.BYTES;
    private static final int PAGE_SHIFT = 12;

    private Stack() {}

    public static void push16(Cpu cpu, int value) {
        StackAccess.push16(cpu, value);
    }

    public static void push32(Cpu cpu, int value) {
        StackAccess.push32(cpu, value);
    }

    public static void push64(Cpu cpu, long value) {
        StackAccess.push64(cpu, value);
    }

    public static int pop16(Cpu cpu) {
        return StackAccess.pop16(cpu);
    }

    public static int pop32(Cpu cpu) {
        return StackAccess.pop32(cpu);
    }

    public static long pop64(Cpu cpu) {
        return StackAccess.pop64(cpu);
    }

    /**
     * POP into r/m: an address that uses rSP is computed after rSP has moved (SDM Vol 2B POP). A fault of the store restores
     * rSP.
     */
    public static void popRm(Cpu cpu, Instruction i) {
        long before = cpu.gpr[RSP];
        long value = StackAccess.pop(cpu, i.operandSize);
        if (!i.memory) {
            cpu.reg(i.rm, i.operandSize, value);
            return;
        }
        long after = cpu.gpr[RSP];
        long address = cpu.effectiveAddress(i);
        cpu.gpr[RSP] = before;
        long linear = cpu.writeAddress(i.segment, address, i.operandSize / 8);
        OperandAccess.store(cpu, linear, i.operandSize, value);
        cpu.gpr[RSP] = after;
    }

    /** All eight registers, the stack pointer as it was before. Whatever could fault has faulted before one is written. */
    public static void pusha(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        if (isPlain(cpu, size)) {
            long bottom = StackAccess.moved(cpu, -EIGHT_DOUBLEWORDS);
            long host = cpu.memory.storable(bottom, EIGHT_DOUBLEWORDS);
            if (host != 0) {
                for (int n = 0; n < GENERAL_REGISTERS; n++) {
                    HostMemory.putInt(host + (long) n * Integer.BYTES, (int) cpu.gpr[RDI - n]);
                }
                cpu.gpr[RSP] = bottom;
                return;
            }
        }
        checkPushes(cpu, size);
        long[] gpr = cpu.gpr;
        put(cpu, 1, size, gpr[RAX]);
        put(cpu, 2, size, gpr[RCX]);
        put(cpu, 3, size, gpr[RDX]);
        put(cpu, 4, size, gpr[RBX]);
        put(cpu, 5, size, gpr[RSP]);
        put(cpu, 6, size, gpr[RBP]);
        put(cpu, 7, size, gpr[RSI]);
        put(cpu, 8, size, gpr[RDI]);
        StackAccess.pointer(cpu, StackAccess.moved(cpu, -(long) GENERAL_REGISTERS * size / 8));
    }

    /** Whether doublewords are pushed and popped without a segment to check. Nearly always: then all eight are moved at once. */
    private static boolean isPlain(Cpu cpu, int size) {
        return size == 32 && cpu.stackSize == 32 && cpu.flatSegments;
    }

    /** Raises what pushing eight words would raise, the first of them first. */
    private static void checkPushes(Cpu cpu, int size) {
        int bytes = size / 8;
        long first = place(cpu, 1, size);
        cpu.memory.checkWrite(first, bytes);
        long last = place(cpu, GENERAL_REGISTERS, size);
        boolean withinPage = (first ^ last) >>> PAGE_SHIFT == 0;
        if (withinPage && first - last == (GENERAL_REGISTERS - 1L) * bytes) return;
        for (int n = 2; n <= GENERAL_REGISTERS; n++) cpu.memory.checkWrite(place(cpu, n, size), bytes);
    }

    /** Linear address of a word of {@code size} bits that lies so many words below the top of the stack. */
    private static long place(Cpu cpu, int below, int size) {
        int bytes = size / 8;
        return StackAccess.writeAddress(cpu, StackAccess.moved(cpu, -(long) below * bytes), bytes);
    }

    private static void put(Cpu cpu, int below, int size, long value) {
        OperandAccess.store(cpu, place(cpu, below, size), size, value);
    }

    /** All eight registers but the stack pointer. All are read first: whatever could fault has faulted before one changes. */
    public static void popa(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        if (isPlain(cpu, size)) {
            long host = cpu.memory.loadable(cpu.gpr[RSP] & cpu.stackMask, EIGHT_DOUBLEWORDS);
            if (host != 0) {
                long top = StackAccess.moved(cpu, EIGHT_DOUBLEWORDS);
                for (int n = 0; n < GENERAL_REGISTERS; n++) {
                    cpu.gpr[RDI - n] = HostMemory.getInt(host + (long) n * Integer.BYTES) & 0xFFFF_FFFFL;
                }
                cpu.gpr[RSP] = top;
                return;
            }
        }
        long di = word(cpu, 0, size);
        long si = word(cpu, 1, size);
        long bp = word(cpu, 2, size);
        long bx = word(cpu, 4, size);
        long dx = word(cpu, 5, size);
        long cx = word(cpu, 6, size);
        long ax = word(cpu, 7, size);
        cpu.reg(RDI, size, di);
        cpu.reg(RSI, size, si);
        cpu.reg(RBP, size, bp);
        cpu.reg(RBX, size, bx);
        cpu.reg(RDX, size, dx);
        cpu.reg(RCX, size, cx);
        cpu.reg(RAX, size, ax);
        StackAccess.pointer(cpu, StackAccess.moved(cpu, (long) GENERAL_REGISTERS * size / 8));
    }

    /** A word of {@code size} bits, so many words above the top of the stack. */
    private static long word(Cpu cpu, int above, int size) {
        int bytes = size / 8;
        long offset = StackAccess.moved(cpu, (long) above * bytes);
        return OperandAccess.load(cpu, StackAccess.readAddress(cpu, offset, bytes), size);
    }

    public static void leave(Cpu cpu, Instruction i) {
        long frame = cpu.gpr[RBP] & cpu.stackMask;
        int bytes = i.operandSize / 8;
        long saved = OperandAccess.load(cpu, StackAccess.readAddress(cpu, frame, bytes), i.operandSize);
        StackAccess.pointer(cpu, frame + bytes);
        cpu.reg(RBP, i.operandSize, saved);
    }

    /** SDM Vol 2A ENTER: {@code immediate} bytes of locals, {@code immediate2} levels of display. */
    public static void enter(Cpu cpu, Instruction i) {
        int size = i.operandSize;
        int bytes = size / 8;
        int level = i.secondImmediate() & 31;
        long locals = i.immediate & 0xFFFF;
        long before = cpu.gpr[RSP];
        long finalTop = StackAccess.moved(cpu, -(long) bytes * (level == 0 ? 1 : level + 1) - locals);
        // A write at the final top must be possible, although nothing is written there.
        cpu.memory.checkWrite(StackAccess.writeAddress(cpu, finalTop, bytes), bytes);
        try {
            StackAccess.push(cpu, size, cpu.gpr[RBP]);
            long frame = cpu.gpr[RSP] & cpu.stackMask;
            for (int n = 1; n < level; n++) {
                long display = cpu.gpr[RBP] - (long) n * bytes & cpu.stackMask;
                StackAccess.push(
                        cpu, size, OperandAccess.load(cpu, StackAccess.readAddress(cpu, display, bytes), size));
            }
            if (level > 0) StackAccess.push(cpu, size, frame);
            cpu.reg(RBP, size, frame);
        } catch (RuntimeException fault) {
            cpu.gpr[RSP] = before;
            throw fault;
        }
        StackAccess.pointer(cpu, finalTop);
    }
}
