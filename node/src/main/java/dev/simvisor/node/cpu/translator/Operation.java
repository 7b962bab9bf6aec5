package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Place;
import dev.simvisor.node.cpu.interpreter.Variant;
import dev.simvisor.node.cpu.semantics.Arithmetic;
import dev.simvisor.node.cpu.semantics.BitOperations;
import dev.simvisor.node.cpu.semantics.Conditions;
import dev.simvisor.node.cpu.semantics.Logic;
import dev.simvisor.node.cpu.semantics.Rotate;
import dev.simvisor.node.cpu.semantics.Shift;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.Operand;
import java.lang.reflect.Method;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/** An instruction to be translated: how much of the processor its semantic method touches, and which registers it names. */
final class Operation {
    /** How far a method reaches beside its arguments and its result. */
    enum Reach {
        /** The translator has bytecode of its own for it. */
        OWN,
        /** It touches nothing else. */
        PURE,
        /** It touches the arithmetic flags. */
        FLAGS,
        /** It touches MMX, XMM or x87 state, or the interrupt flag. */
        UNIT,
        /** It multiplies, divides or extends rDX:rAX, and sets all flags or leaves all alone. */
        ACCUMULATOR,
        /** It takes the instruction, but touches no general registers but those of {@link #readRegisters}, {@link #changedRegisters}. */
        OPERANDS,
        /** It may touch whatever an instruction can. */
        EVERYTHING
    }

    private static final Set<String> OWN = Set.of(
            "mov", "movzx", "movsxb", "movsxw", "movsxd", "lea", "nop", "not", "add", "adc", "sub", "sbb", "cmp", "neg",
            "and", "or", "xor", "test", "inc", "dec", "imul", "push", "pop", "leave");
    /** What sets all arithmetic flags, whatever they were. */
    private static final Set<String> OVERWRITES_FLAGS = Set.of(
            "add",
            "adc",
            "sub",
            "sbb",
            "cmp",
            "neg",
            "and",
            "or",
            "xor",
            "test",
            "imul",
            "mul",
            "imulWide",
            "xadd",
            "cmpxchg",
            "bsf",
            "bsr",
            "popcnt",
            "comiss",
            "comisd",
            "ucomiss",
            "ucomisd");
    /** What does so unless it shifts by zero. */
    private static final Set<String> SHIFTS = Set.of("shl", "shr", "sar", "shld", "shrd");

    private static final Set<String> OWN_SHIFTS = Set.of("shl", "shr", "sar");
    private static final Set<String> ACCUMULATOR = Set.of("mul", "imulWide", "div", "idiv", "cbw", "cwd");
    private static final Set<String> LOADS_SEGMENT = Set.of("movToSegment", "popSegment");
    private static final Set<String> STORES_SEGMENT = Set.of("movFromSegment", "pushSegment");
    private static final Set<String> INTERRUPT_FLAG = Set.of("cli", "sti");
    /** To or from the stack. */
    private static final Set<String> MOVES_ALL = Set.of("pusha", "popa");

    private static final Set<Class<?>> FLAG_FAMILIES =
            Set.of(Arithmetic.class, Logic.class, Shift.class, Rotate.class, Conditions.class, BitOperations.class);
    private static final BitSet NONE = new BitSet();
    private static final BitSet STACK_POINTER = BitSet.valueOf(new long[] {1L << Cpu.RSP});
    private static final BitSet EIGHT = BitSet.valueOf(new long[] {0xFF});
    private static final List<String> SIZES = List.of("8", "16", "32", "64");
    private static final Set<String> CARRY_ALONE = Set.of("clc", "cmc", "stc");

    private final Instruction instruction;
    private final Variant variant;
    private final String name;
    private final Reach reach;

    Operation(Instruction instruction, Variant variant) {
        this.instruction = instruction;
        this.variant = variant;
        this.name = family(variant.method());
        this.reach = farthest();
    }

    Instruction instruction() {
        return instruction;
    }

    Variant variant() {
        return variant;
    }

    /** The semantic name, without the size. */
    String name() {
        return name;
    }

    Reach reach() {
        return reach;
    }

    private static String family(Method method) {
        String name = method.getName();
        for (String size : SIZES) {
            if (name.endsWith(size)) return name.substring(0, name.length() - size.length());
        }
        return name;
    }

    private Reach farthest() {
        Method method = variant.method();
        if (!variant.intercepted()) {
            if (isSegmentLoad()) return Reach.OPERANDS;
            if (INTERRUPT_FLAG.contains(name)) return Reach.UNIT;
        }
        // Whatever ends a block without being translated as a branch, and what may leave non-root operation.
        if (endsBlock() || variant.intercepted()) return Reach.EVERYTHING;
        if (OWN.contains(name) && ownSize() || OWN_SHIFTS.contains(name) && !countInRegister()) return Reach.OWN;
        if (isCondition() || isSimdMove() || isExchange() || usesAccumulator()) return Reach.OWN;
        if (Variant.instructionStyle(method)) return touchesOperandsAlone() ? Reach.OPERANDS : Reach.EVERYTHING;
        if (!Variant.takesCpu(method)) return Reach.PURE;
        if (variant.unit() != Variant.Unit.INTEGER) {
            boolean flags = (instruction.row.flagsWritten() | instruction.row.flagsUndefined()) != 0;
            return flags ? Reach.FLAGS : Reach.UNIT;
        }
        if (FLAG_FAMILIES.contains(method.getDeclaringClass()) || CARRY_ALONE.contains(name)) return Reach.FLAGS;
        return ACCUMULATOR.contains(name) ? Reach.ACCUMULATOR : Reach.EVERYTHING;
    }

    /** A load of a segment register after which the region goes on. */
    private boolean isSegmentLoad() {
        return LOADS_SEGMENT.contains(name) && Ending.of(instruction) == Ending.STATE_CHANGE;
    }

    /** Of instructions whose methods take them: bit tests, and all of a unit but what stores where rDI points. */
    private boolean touchesOperandsAlone() {
        if (name.startsWith("maskmov")) return false;
        if (STORES_SEGMENT.contains(name) || MOVES_ALL.contains(name)) return true;
        return variant.unit() != Variant.Unit.INTEGER || variant.method().getDeclaringClass() == BitOperations.class;
    }

    /** The stack is accessed in its full width only, a byte product is left to its method. */
    private boolean ownSize() {
        return switch (name) {
            case "push", "pop", "leave", "adc", "sbb" -> instruction.operandSize >= 32;
            case "imul" -> !variant.method().getName().endsWith("8");
            default -> true;
        };
    }

    private boolean countInRegister() {
        return variant.sources().stream().anyMatch(place -> place.kind() == Place.Kind.CL);
    }

    /** What {@link ExchangeEmitter} emits. */
    boolean isExchange() {
        return ExchangeEmitter.emits(name);
    }

    /** What {@link AccumulatorEmitter} emits. */
    boolean usesAccumulator() {
        return AccumulatorEmitter.emits(name, instruction.operandSize);
    }

    /** What {@link FlaglessEmitter} could emit, and its method else. */
    boolean hasFlaglessForm() {
        return reach == Reach.FLAGS && FlaglessEmitter.emits(name, instruction.operandSize);
    }

    // ---- flags

    /** Whether it may look at arithmetic flags. */
    boolean asksForFlags() {
        return instruction.row.flagsRead() != 0 || isCondition() || endsBlock();
    }

    /** Whether it sets all arithmetic flags, if it is completed. */
    boolean overwritesFlags() {
        if (SHIFTS.contains(name)) return !countInRegister() && count() != 0;
        return OVERWRITES_FLAGS.contains(name);
    }

    /** The count of a shift that has it in the instruction, as the processor takes it. */
    int count() {
        boolean once = variant.sources().getLast().kind() == Place.Kind.ONE;
        return (once ? 1 : (int) instruction.immediate) & (instruction.operandSize == 64 ? 63 : 31);
    }

    /** Whether it may raise something, or be left to the interpreter, so that the state must be exact before it. */
    boolean mayLeave() {
        return switch (name) {
            case "lea", "nop" -> false;
            case "push", "pop", "leave", "div", "idiv" -> true;
            default ->
                instruction.memory
                        || variant.unit() != Variant.Unit.INTEGER
                        || endsBlock()
                        || reach == Reach.EVERYTHING
                        || reach == Reach.OPERANDS && usesProgress();
        };
    }

    /** A move to or from XMM registers that {@link SimdMoveEmitter} emits. */
    boolean isSimdMove() {
        return variant.unit() == Variant.Unit.SSE
                && SimdMoveEmitter.emits(variant.method().getName());
    }

    /** SETcc and CMOVcc. */
    boolean isCondition() {
        return variant.method().getDeclaringClass() == Conditions.class && !Variant.instructionStyle(variant.method());
    }

    /** A string instruction, which may have to be executed again before the next. */
    boolean isString() {
        return instruction.row.has(Attribute.REP) || instruction.row.has(Attribute.REPZ);
    }

    /** A callout, whatever the instruction is that it stands for. */
    boolean callsOut() {
        return variant.method().getName().equals("callout");
    }

    boolean endsBlock() {
        return instruction.row.has(Attribute.END);
    }

    /** Whether it may have met a device or rewritten code, or so, which wants the processor's attention after it. */
    boolean mayAskForAttention() {
        return switch (reach) {
            case EVERYTHING -> true;
            case OPERANDS -> usesProgress();
            default -> false;
        };
    }

    /** Whether a method that takes the instruction may look where in the program it is: for devices, or as x87 remembers it. */
    boolean usesProgress() {
        return instruction.memory
                || variant.unit() == Variant.Unit.X87
                || variant.unit() == Variant.Unit.X87_NO_WAIT
                || LOADS_SEGMENT.contains(name)
                || name.equals("pushSegment")
                || MOVES_ALL.contains(name);
    }

    /** The general registers that a method of {@link Reach#OPERANDS} may read. */
    BitSet readRegisters() {
        return switch (name) {
            case "pushSegment", "popSegment", "popa" -> STACK_POINTER;
            case "pusha" -> EIGHT;
            default -> generalOperands();
        };
    }

    /** The general registers that a method of {@link Reach#OPERANDS} may change. */
    BitSet changedRegisters() {
        return switch (name) {
            case "movToSegment" -> NONE;
            case "pushSegment", "popSegment", "pusha" -> STACK_POINTER;
            case "popa" -> EIGHT;
            default -> generalOperands();
        };
    }

    /** Those among the operands, and those of the address. */
    BitSet generalOperands() {
        BitSet registers = new BitSet();
        if (instruction.memory) {
            add(registers, instruction.base);
            add(registers, instruction.index);
        }
        for (Operand operand : instruction.row.operands()) {
            switch (operand.kind()) {
                case G -> registers.set(instruction.reg & 15);
                case E, R, Z -> {
                    if (!instruction.memory) registers.set(instruction.rm & 15);
                }
                case AX -> registers.set(Cpu.RAX);
                default -> {}
            }
        }
        return registers;
    }

    // ---- registers that are read or written as locals

    void addUsed(BitSet used) {
        if (instruction.memory) {
            add(used, instruction.base);
            add(used, instruction.index);
        }
        for (Place source : variant.sources()) addRegister(used, source);
        addWritten(used);
        if (usesAccumulator()) used.set(Cpu.RAX);
        if (isSimdMove()) used.or(generalOperands());
        switch (name) {
            case "push", "pop", "call", "callIndirect", "ret" -> used.set(Cpu.RSP);
            case "leave" -> {
                used.set(Cpu.RSP);
                used.set(Cpu.RBP);
            }
            default -> {}
        }
    }

    void addWritten(BitSet written) {
        Place destination = variant.destination();
        if (destination != null) addRegister(written, destination);
        if (isExchange()) ExchangeEmitter.addRegisters(written, name, instruction);
        if (usesAccumulator()) {
            written.set(Cpu.RAX);
            written.set(Cpu.RDX);
        }
        switch (name) {
            case "push", "pop", "call", "callIndirect", "ret" -> written.set(Cpu.RSP);
            case "leave" -> {
                written.set(Cpu.RSP);
                written.set(Cpu.RBP);
            }
            default -> {}
        }
    }

    /** Whether it may write a general register. */
    boolean mayWrite(int register) {
        if (register < 0) return false;
        return switch (reach) {
            case EVERYTHING, OPERANDS, ACCUMULATOR -> true;
            default -> {
                BitSet written = new BitSet();
                addWritten(written);
                yield written.get(register);
            }
        };
    }

    private void addRegister(BitSet registers, Place place) {
        switch (place.kind()) {
            case RM -> add(registers, instruction.rm & 15);
            case REG -> add(registers, instruction.reg & 15);
            case CL -> registers.set(Cpu.RCX);
            default -> {}
        }
    }

    private static void add(BitSet registers, int number) {
        if (number < Instruction.ZERO) registers.set(number);
    }
}
