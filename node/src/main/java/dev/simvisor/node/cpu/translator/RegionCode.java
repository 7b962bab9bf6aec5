package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.AT;
import static dev.simvisor.node.cpu.translator.RegionLocals.CPU;
import static dev.simvisor.node.cpu.translator.RegionLocals.EXECUTED;
import static dev.simvisor.node.cpu.translator.RegionLocals.GPR;
import static dev.simvisor.node.cpu.translator.RegionLocals.ORIGIN;
import static dev.simvisor.node.cpu.translator.RegionLocals.REGION;
import static dev.simvisor.node.cpu.translator.RegionLocals.register;
import static java.lang.constant.ConstantDescs.CD_int;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import dev.simvisor.node.cpu.interpreter.Region;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** What the emitters of a region's parts share: its code, its flags, and how registers get between locals and processor. */
final class RegionCode {
    static final ClassDesc REGION_CLASS = Region.class.describeConstable().orElseThrow();
    static final BitSet ACCUMULATOR = registers(Cpu.RAX, Cpu.RDX);

    /** A range of code in which registers are in the processor, not in locals. */
    record Range(Label start, Label end) {}

    final CodeBuilder code;
    final FlagEmitter flags;
    /** 64-bit code. */
    final boolean wide;
    /** Registers that have a local. */
    final BitSet used;
    /** Registers whose locals change. */
    final BitSet modified;
    /** Where an exception finds the registers in the processor. */
    final List<Range> guarded = new ArrayList<>();

    /** Whether the present block's accesses handle misses of the TLB in place, rather than leave the region. */
    boolean walks;

    /** SSE was found usable on the way here, and stays so unless a method of any reach is called. */
    boolean sseChecked;

    static final int NO_REGISTER = -1;
    /** Number of the register whose lowest byte was written last, and is in a local of its own as long as it holds. */
    int lowByte = NO_REGISTER;

    private int lastAt = -1;

    RegionCode(CodeBuilder code, boolean wide, BitSet used, BitSet modified) {
        this.code = code;
        this.flags = new FlagEmitter(code);
        this.wide = wide;
        this.used = used;
        this.modified = modified;
    }

    private static BitSet registers(int... numbers) {
        BitSet set = new BitSet();
        for (int number : numbers) set.set(number);
        return set;
    }

    /** From here on it is this instruction that may raise something. */
    void at(int number) {
        if (number == lastAt) return;
        code.loadConstant(number).istore(AT);
        lastAt = number;
    }

    /** Code follows that is reached from elsewhere. */
    void forgetAt() {
        lastAt = -1;
        sseChecked = false;
        lowByte = NO_REGISTER;
    }

    void emitInstruction(int number) {
        code.aload(REGION)
                .getfield(REGION_CLASS, "instructions", InstructionEmitter.INSTRUCTION.arrayType())
                .loadConstant(number)
                .aaload();
    }

    /** Stores those of the registers that have a local. */
    void emitSpill(BitSet registers) {
        for (int n = registers.nextSetBit(0); n >= 0; n = registers.nextSetBit(n + 1)) {
            if (used.get(n)) code.aload(GPR).loadConstant(n).lload(register(n)).lastore();
        }
    }

    void emitReload(BitSet registers) {
        for (int n = registers.nextSetBit(0); n >= 0; n = registers.nextSetBit(n + 1)) {
            if (used.get(n)) code.aload(GPR).loadConstant(n).laload().lstore(register(n));
        }
    }

    /** Tells the processor how far it is: in instructions, and where the block starts that its instruction counts from. */
    void emitProgress(int ordinal, long blockDistance) {
        code.aload(CPU).iload(EXECUTED).loadConstant(ordinal).iadd();
        code.putfield(InstructionEmitter.CPU, "position", CD_int);
        code.aload(GPR).loadConstant(Instruction.BLOCK_RIP);
        emitRip(blockDistance);
        code.lastore();
    }

    /** Pushes rIP of what is so far from the origin. */
    void emitRip(long distance) {
        code.lload(ORIGIN);
        if (distance != 0) code.loadConstant(distance).ladd();
        if (!wide) code.loadConstant(0xFFFF_FFFFL).land();
    }

    /** Emits a call whose exceptions leave the registers as they are in the processor. */
    void emitGuarded(int number, Runnable call) {
        at(number);
        Label start = code.newBoundLabel();
        call.run();
        guarded.add(new Range(start, code.newBoundLabel()));
    }
}
