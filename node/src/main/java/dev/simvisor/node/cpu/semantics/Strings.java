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
 * moves, stores and comparisons work on whole stretches of a page where both sides are plain memory.
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
        return cpu.readAddress(i.segment, cpu.gpr[RSI] & i.addressMask(), i.operandSize / 8);
    }

    private static long destinationForRead(Cpu cpu, Instruction i) {
        return cpu.readAddress(SegmentRegister.ES, cpu.gpr[RDI] & i.addressMask(), i.operandSize / 8);
    }

    private static long destination(Cpu cpu, Instruction i) {
        return cpu.writeAddress(SegmentRegister.ES, cpu.gpr[RDI] & i.addressMask(), i.operandSize / 8);
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
        long count = stretch(cpu, i, limit, from, to, cpu.writeCheck[SegmentRegister.ES]);
        if (count > 1) {
            long readAddend = cpu.memory.readAddend(from);
            long writeAddend = cpu.memory.writeAddend(to);
            long length = count * bytes;
            long hostFrom = from + readAddend;
            long hostTo = to + writeAddend;
            if (readAddend != 0 && writeAddend != 0) {
                boolean replicates = hostTo > hostFrom && hostTo < hostFrom + length;
                if (replicates) replicate(hostFrom, hostTo, count, i.operandSize);
                else HostMemory.copy(hostFrom, hostTo, length);
                return count;
            }
        }
        OperandAccess.store(cpu, to, i.operandSize, OperandAccess.load(cpu, from, i.operandSize));
        return 1;
    }

    /** Moves one element after the other, as later ones may have been stored by earlier ones. */
    private static void replicate(long from, long to, long count, int size) {
        for (long at = 0; at < count * (size / 8); at += size / 8) {
            switch (size) {
                case 8 -> HostMemory.putByte(to + at, HostMemory.getByte(from + at));
                case 16 -> HostMemory.putShort(to + at, HostMemory.getShort(from + at));
                case 32 -> HostMemory.putInt(to + at, HostMemory.getInt(from + at));
                default -> HostMemory.putLong(to + at, HostMemory.getLong(from + at));
            }
        }
    }

    /**
     * How many elements lie ahead, ascending, within the pages of both addresses and within segments and address size.
     *
     * @param destinationCheck of ES
     */
    private static long stretch(Cpu cpu, Instruction i, long limit, long from, long to, long destinationCheck) {
        if (limit < 2 || cpu.directionDown()) return 1;
        int bytes = i.operandSize / 8;
        long count = Math.min(limit, Math.min(PAGE - (from & PAGE - 1), PAGE - (to & PAGE - 1)) / bytes);
        if (count < 2) return 1;
        long last = (count - 1) * bytes;
        boolean unchecked = plain(cpu.readCheck[i.segment], cpu.gpr[RSI] & i.addressMask(), last, i.addressMask())
                && plain(destinationCheck, cpu.gpr[RDI] & i.addressMask(), last, i.addressMask());
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
        long count = stretch(cpu, i, limit, to, cpu.writeCheck[SegmentRegister.ES]);
        long addend = count > 1 ? cpu.memory.writeAddend(to) : 0;
        if (addend == 0) {
            OperandAccess.store(cpu, to, i.operandSize, cpu.gpr[RAX]);
            return 1;
        }
        fill(to + addend, count, i.operandSize, cpu.gpr[RAX]);
        return count;
    }

    /** As the other, with one side at rDI. */
    private static long stretch(Cpu cpu, Instruction i, long limit, long to, long check) {
        if (limit < 2 || cpu.directionDown()) return 1;
        int bytes = i.operandSize / 8;
        long count = Math.min(limit, (PAGE - (to & PAGE - 1)) / bytes);
        if (count < 2) return 1;
        return plain(check, cpu.gpr[RDI] & i.addressMask(), (count - 1) * bytes, i.addressMask()) ? count : 1;
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
            long from = source(cpu, i);
            long to = destinationForRead(cpu, i);
            long ahead = comparedAhead(cpu, i, allowed - done, from, to);
            if (ahead > 0) {
                skip(cpu, i, ahead, true);
                done += ahead;
                continue;
            }
            long a = OperandAccess.load(cpu, from, i.operandSize);
            long b = OperandAccess.load(cpu, to, i.operandSize);
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
            long at = destinationForRead(cpu, i);
            long ahead = scannedAhead(cpu, i, allowed - done, at);
            if (ahead > 0) {
                skip(cpu, i, ahead, false);
                done += ahead;
                continue;
            }
            long a = OperandAccess.register(cpu, RAX, i.operandSize);
            long b = OperandAccess.load(cpu, at, i.operandSize);
            advance(cpu, i, RDI, step(cpu, i));
            finished = compared(cpu, i, a, b);
            done++;
            if (!Repetition.mayContinue(cpu)) break;
        }
        Repetition.end(cpu, i, done, finished);
    }

    /**
     * How many comparisons from here on leave nothing but counts behind: not the one that ends the repetition, nor the last
     * before something else may happen, whose flags are seen then.
     */
    private static long comparedAhead(Cpu cpu, Instruction i, long limit, long from, long to) {
        long count = stretch(cpu, i, limit, from, to, cpu.readCheck[SegmentRegister.ES]) - 1;
        long fromAddend = count > 0 ? cpu.memory.readAddend(from) : 0;
        long toAddend = count > 0 ? cpu.memory.readAddend(to) : 0;
        if (fromAddend == 0 || toAddend == 0) return 0;
        boolean untilEqual = i.repeat == Instruction.REPNE;
        return ElementSearch.compare(from + fromAddend, to + toAddend, count, i.operandSize, untilEqual);
    }

    /** As {@link #comparedAhead}, of comparisons with rAX. */
    private static long scannedAhead(Cpu cpu, Instruction i, long limit, long at) {
        long count = stretch(cpu, i, limit, at, cpu.readCheck[SegmentRegister.ES]) - 1;
        long addend = count > 0 ? cpu.memory.readAddend(at) : 0;
        if (addend == 0) return 0;
        return ElementSearch.scan(at + addend, cpu.gpr[RAX], count, i.operandSize, i.repeat == Instruction.REPNE);
    }

    /** Comparisons after which the repetition goes on. */
    private static void skip(Cpu cpu, Instruction i, long count, boolean bothSides) {
        if (bothSides) advance(cpu, i, RSI, count * step(cpu, i));
        advance(cpu, i, RDI, count * step(cpu, i));
        Repetition.completed(cpu, i, count);
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
