package dev.simvisor.node.cpu.semantics;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RDI;
import static dev.simvisor.node.cpu.Cpu.RSI;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * String instructions (SDM Vol 1 §7.3.9): source DS:rSI (DS may be overridden), destination ES:rDI, direction by DF. Ascending
 * moves and stores work on whole stretches of a page where both sides are plain memory.
 */
public final class Strings {
    private static final int PAGE = 4096;

    private Strings() {}

    private static long step(Cpu cpu, Instruction i) {
        int bytes = i.operandSize / 8;
        return cpu.directionDown() ? -bytes : bytes;
    }

    private static void advance(Cpu cpu, Instruction i, int register, long delta) {
        cpu.reg(register, i.addressSize, cpu.gpr[register] + delta);
    }

    private static long source(Cpu cpu, Instruction i) {
        return cpu.readAddress(i.segment, cpu.gpr[RSI] & i.addressMask, i.operandSize / 8);
    }

    private static long destinationForRead(Cpu cpu, Instruction i) {
        return cpu.readAddress(SegmentRegister.ES, cpu.gpr[RDI] & i.addressMask, i.operandSize / 8);
    }

    private static long destination(Cpu cpu, Instruction i) {
        return cpu.writeAddress(SegmentRegister.ES, cpu.gpr[RDI] & i.addressMask, i.operandSize / 8);
    }

    // ---- MOVS

    public static void movs(Cpu cpu, Instruction i) {
        long allowed = Repetition.allowed(cpu, i);
        long done = 0;
        while (done < allowed) {
            long moved = moveStretch(cpu, i, allowed - done);
            advance(cpu, i, RSI, moved * step(cpu, i));
            advance(cpu, i, RDI, moved * step(cpu, i));
            Repetition.completed(cpu, i, moved);
            done += moved;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, false);
    }

    /** Moves at least one and at most {@code limit} elements; returns how many. */
    private static long moveStretch(Cpu cpu, Instruction i, long limit) {
        int bytes = i.operandSize / 8;
        long from = source(cpu, i);
        long to = destination(cpu, i);
        long count = stretch(cpu, i, limit, from, to);
        if (count > 1) {
            long readAddend = cpu.memory.readAddend(from);
            long writeAddend = cpu.memory.writeAddend(to);
            long length = count * bytes;
            long hostFrom = from + readAddend;
            long hostTo = to + writeAddend;
            boolean replicates = hostTo > hostFrom && hostTo < hostFrom + length;
            if (readAddend != 0 && writeAddend != 0 && !replicates) {
                HostMemory.copy(hostFrom, hostTo, length);
                return count;
            }
        }
        OperandAccess.store(cpu, to, i.operandSize, OperandAccess.load(cpu, from, i.operandSize));
        return 1;
    }

    /** How many elements lie ahead, ascending, within the pages of both addresses and within segments and address size. */
    private static long stretch(Cpu cpu, Instruction i, long limit, long from, long to) {
        if (limit < 2 || cpu.directionDown()) return 1;
        int bytes = i.operandSize / 8;
        long count = Math.min(limit, Math.min(PAGE - (from & PAGE - 1), PAGE - (to & PAGE - 1)) / bytes);
        if (count < 2) return 1;
        long last = (count - 1) * bytes;
        boolean unchecked = plain(cpu.readCheck[i.segment], cpu.gpr[RSI] & i.addressMask, last, i.addressMask)
                && plain(cpu.writeCheck[SegmentRegister.ES], cpu.gpr[RDI] & i.addressMask, last, i.addressMask);
        return unchecked ? count : 1;
    }

    private static boolean plain(long check, long offset, long last, long addressMask) {
        long end = offset + last;
        return (end & addressMask) == end && (end ^ Long.MIN_VALUE) < check;
    }

    // ---- STOS

    public static void stos(Cpu cpu, Instruction i) {
        long allowed = Repetition.allowed(cpu, i);
        long done = 0;
        while (done < allowed) {
            long stored = storeStretch(cpu, i, allowed - done);
            advance(cpu, i, RDI, stored * step(cpu, i));
            Repetition.completed(cpu, i, stored);
            done += stored;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, false);
    }

    private static long storeStretch(Cpu cpu, Instruction i, long limit) {
        long to = destination(cpu, i);
        long count = stretchOfStores(cpu, i, limit, to);
        long addend = count > 1 ? cpu.memory.writeAddend(to) : 0;
        if (addend == 0) {
            OperandAccess.store(cpu, to, i.operandSize, cpu.gpr[RAX]);
            return 1;
        }
        fill(to + addend, count, i.operandSize, cpu.gpr[RAX]);
        return count;
    }

    private static long stretchOfStores(Cpu cpu, Instruction i, long limit, long to) {
        if (limit < 2 || cpu.directionDown()) return 1;
        int bytes = i.operandSize / 8;
        long count = Math.min(limit, (PAGE - (to & PAGE - 1)) / bytes);
        if (count < 2) return 1;
        long check = cpu.writeCheck[SegmentRegister.ES];
        return plain(check, cpu.gpr[RDI] & i.addressMask, (count - 1) * bytes, i.addressMask) ? count : 1;
    }

    private static void fill(long address, long count, int size, long value) {
        switch (size) {
            case 8 -> HostMemory.fill(address, count, (byte) value);
            case 16 -> {
                for (long n = 0; n < count; n++) HostMemory.putShort(address + 2 * n, (short) value);
            }
            case 32 -> {
                for (long n = 0; n < count; n++) HostMemory.putInt(address + 4 * n, (int) value);
            }
            default -> {
                for (long n = 0; n < count; n++) HostMemory.putLong(address + 8 * n, value);
            }
        }
    }

    // ---- LODS

    public static void lods(Cpu cpu, Instruction i) {
        long allowed = Repetition.allowed(cpu, i);
        long done = 0;
        while (done < allowed) {
            long value = OperandAccess.load(cpu, source(cpu, i), i.operandSize);
            OperandAccess.register(cpu, RAX, i.operandSize, value);
            advance(cpu, i, RSI, step(cpu, i));
            Repetition.completed(cpu, i, 1);
            done++;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, false);
    }

    // ---- CMPS and SCAS

    public static void cmps(Cpu cpu, Instruction i) {
        long allowed = Repetition.allowed(cpu, i);
        long done = 0;
        boolean finished = false;
        while (done < allowed && !finished) {
            long a = OperandAccess.load(cpu, source(cpu, i), i.operandSize);
            long b = OperandAccess.load(cpu, destinationForRead(cpu, i), i.operandSize);
            advance(cpu, i, RSI, step(cpu, i));
            advance(cpu, i, RDI, step(cpu, i));
            finished = compared(cpu, i, a, b);
            done++;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, finished);
    }

    public static void scas(Cpu cpu, Instruction i) {
        long allowed = Repetition.allowed(cpu, i);
        long done = 0;
        boolean finished = false;
        while (done < allowed && !finished) {
            long a = OperandAccess.register(cpu, RAX, i.operandSize);
            long b = OperandAccess.load(cpu, destinationForRead(cpu, i), i.operandSize);
            advance(cpu, i, RDI, step(cpu, i));
            finished = compared(cpu, i, a, b);
            done++;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, finished);
    }

    /** Sets the flags of one comparison; returns whether it ends the repetition. */
    private static boolean compared(Cpu cpu, Instruction i, long a, long b) {
        switch (i.operandSize) {
            case 8 -> Arithmetic.cmp8(cpu, (int) a, (int) b);
            case 16 -> Arithmetic.cmp16(cpu, (int) a, (int) b);
            case 32 -> Arithmetic.cmp32(cpu, (int) a, (int) b);
            default -> Arithmetic.cmp64(cpu, a, b);
        }
        Repetition.completed(cpu, i, 1);
        return i.repeat == Instruction.REP && a != b || i.repeat == Instruction.REPNE && a == b;
    }
}
