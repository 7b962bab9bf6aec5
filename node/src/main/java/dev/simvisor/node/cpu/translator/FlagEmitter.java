package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.DeferredFlags.ADD;
import static dev.simvisor.node.cpu.translator.DeferredFlags.COMPUTED;
import static dev.simvisor.node.cpu.translator.DeferredFlags.DEC;
import static dev.simvisor.node.cpu.translator.DeferredFlags.IMUL;
import static dev.simvisor.node.cpu.translator.DeferredFlags.INC;
import static dev.simvisor.node.cpu.translator.DeferredFlags.LOGIC;
import static dev.simvisor.node.cpu.translator.DeferredFlags.NO_STEP;
import static dev.simvisor.node.cpu.translator.DeferredFlags.PRODUCT;
import static dev.simvisor.node.cpu.translator.DeferredFlags.SAR;
import static dev.simvisor.node.cpu.translator.DeferredFlags.SETTLED;
import static dev.simvisor.node.cpu.translator.DeferredFlags.SHL;
import static dev.simvisor.node.cpu.translator.DeferredFlags.SHR;
import static dev.simvisor.node.cpu.translator.DeferredFlags.SUB;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_B;
import static dev.simvisor.node.cpu.translator.RegionLocals.KIND;
import static dev.simvisor.node.cpu.translator.RegionLocals.STEP;
import static dev.simvisor.node.cpu.translator.RegionLocals.STEPPED;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import dev.simvisor.node.cpu.semantics.Arithmetic;
import dev.simvisor.node.cpu.semantics.Conditions;
import dev.simvisor.node.cpu.semantics.Logic;
import dev.simvisor.node.cpu.semantics.MultiplyDivide;
import dev.simvisor.node.cpu.semantics.Shift;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Emits what sets and what asks for flags. Knows, where the code leaves no doubt, what set them last, and then asks the
 * operands instead: a compare and a conditional jump become one Java comparison.
 */
final class FlagEmitter {
    /** What is known of the flags at a point of the code. */
    record Knowledge(int kind, int step) {
        private static final int UNKNOWN = -1;
        static final Knowledge NONE = new Knowledge(UNKNOWN, UNKNOWN);
        static final Knowledge IN_PROCESSOR = new Knowledge(SETTLED, NO_STEP);
    }

    private static final ClassDesc CPU = InstructionEmitter.CPU;
    private static final ClassDesc DEFERRED_FLAGS =
            DeferredFlags.class.describeConstable().orElseThrow();
    private static final ClassDesc CONDITIONS =
            Conditions.class.describeConstable().orElseThrow();
    private static final ClassDesc ARITHMETIC =
            Arithmetic.class.describeConstable().orElseThrow();
    private static final ClassDesc LOGICAL = Logic.class.describeConstable().orElseThrow();
    private static final ClassDesc SHIFTS = Shift.class.describeConstable().orElseThrow();
    private static final ClassDesc PRODUCTS =
            MultiplyDivide.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc WORDS = MethodTypeDesc.of(CD_void, CPU, CD_long, CD_long);
    /** Names of the methods that settle the kinds, without their sizes, in the kinds' order. */
    private static final String[] METHODS = {"add", "sub", "shl", "shr", "sar", "imul"};

    private static final MethodTypeDesc INTS_TO_INT = MethodTypeDesc.of(CD_int, CD_int, CD_int);
    private static final MethodTypeDesc LONGS_TO_INT = MethodTypeDesc.of(CD_int, CD_long, CD_long);

    private final CodeBuilder code;
    private Knowledge known = Knowledge.NONE;

    FlagEmitter(CodeBuilder code) {
        this.code = code;
    }

    Knowledge known() {
        return known;
    }

    void assume(Knowledge knowledge) {
        known = knowledge;
    }

    // ---- setting

    /** All flags follow from the operands in FLAG_A and FLAG_B. */
    void set(int kind) {
        if (known.kind() != kind) code.loadConstant(kind).istore(KIND);
        if (known.step() != NO_STEP) code.loadConstant(NO_STEP).istore(STEP);
        known = new Knowledge(kind, NO_STEP);
    }

    /** All flags but C follow from the operand in STEPPED. */
    void step(int step) {
        if (known.step() != step) code.loadConstant(step).istore(STEP);
        known = new Knowledge(known.kind(), step);
    }

    /** Brings the flags into the processor. */
    void settle() {
        if (known.kind() < 0 || known.step() < 0) emitSettle(code);
        else emitKnownSettle();
        haveBeenSet();
    }

    /** A method has set all of them in the processor. */
    void haveBeenSet() {
        set(SETTLED);
    }

    /** Calls what {@link DeferredFlags#settle} would find, which HotSpot then compiles in line. */
    private void emitKnownSettle() {
        int kind = known.kind();
        if (kind != SETTLED) {
            code.aload(RegionLocals.CPU).lload(FLAG_A);
            if (kind == PRODUCT || kind == COMPUTED) {
                String method = kind == PRODUCT ? "product" : "computed";
                code.lload(FLAG_B).invokestatic(DEFERRED_FLAGS, method, WORDS);
            } else if (kind >= LOGIC) {
                emitKnownTest(8 << kind - LOGIC);
            } else {
                emitKnownSettle(kind, 8 << (kind - 1) % 4);
            }
        }
        if (known.step() != NO_STEP) emitKnownStep();
    }

    private void emitKnownSettle(int kind, int bits) {
        boolean shift = kind >= SHL && kind < IMUL;
        if (bits < 64) code.l2i();
        code.lload(FLAG_B);
        if (bits < 64 || shift) code.l2i();
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        ClassDesc family = shift ? SHIFTS : kind >= IMUL ? PRODUCTS : ARITHMETIC;
        String name = METHODS[(kind - 1) / 4] + bits;
        code.invokestatic(family, name, MethodTypeDesc.of(type, CPU, type, shift ? CD_int : type));
        if (bits == 64) code.pop2();
        else code.pop();
    }

    private void emitKnownTest(int bits) {
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        if (bits < 64) code.l2i();
        code.lload(FLAG_A);
        if (bits < 64) code.l2i();
        code.invokestatic(LOGICAL, "test" + bits, MethodTypeDesc.of(CD_void, CPU, type, type));
    }

    private void emitKnownStep() {
        boolean increment = known.step() < DEC;
        int bits = 8 << known.step() - (increment ? INC : DEC);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        code.aload(RegionLocals.CPU).lload(STEPPED);
        if (bits < 64) code.l2i();
        code.invokestatic(ARITHMETIC, (increment ? "inc" : "dec") + bits, MethodTypeDesc.of(type, CPU, type));
        if (bits == 64) code.pop2();
        else code.pop();
    }

    /** Brings the flags into the processor on the way out. */
    static void emitSettle(CodeBuilder code) {
        code.aload(RegionLocals.CPU)
                .iload(KIND)
                .lload(FLAG_A)
                .lload(FLAG_B)
                .iload(STEP)
                .lload(STEPPED);
        code.invokestatic(
                DEFERRED_FLAGS, "settle", MethodTypeDesc.of(CD_void, CPU, CD_int, CD_long, CD_long, CD_int, CD_long));
    }

    // ---- asking

    /** Jumps if a condition holds, named as in mnemonics: "ne", "b", "le". */
    void jumpIf(String condition, Label target) {
        if (fused(condition, target)) return;
        settle();
        String method = "is" + Character.toUpperCase(condition.charAt(0)) + condition.substring(1);
        code.aload(RegionLocals.CPU).invokestatic(CONDITIONS, method, MethodTypeDesc.of(CD_boolean, CPU));
        code.ifne(target);
    }

    private boolean fused(String condition, Label target) {
        // INC and DEC leave the carry alone.
        boolean carryAlone = condition.equals("b") || condition.equals("ae");
        if (known.step() > NO_STEP && !carryAlone) return stepFused(condition, target);
        if (known.kind() < 0 || known.step() < 0) return false;
        int kind = known.kind();
        if (kind >= LOGIC && kind < LOGIC + 4) return logicFused(condition, target, 8 << kind - LOGIC);
        if (kind == COMPUTED) return computedFused(condition, target);
        if (kind >= SUB && kind < SUB + 4) return subtractionFused(condition, target, 8 << kind - SUB);
        if (kind >= ADD && kind < ADD + 4) return additionFused(condition, target, 8 << kind - ADD);
        if (kind >= SHL && kind < IMUL) return shiftFused(condition, target, kind);
        return false;
    }

    private boolean computedFused(String condition, Label target) {
        switch (condition) {
            case "e" -> code.lload(FLAG_A).lconst_0().lcmp().ifeq(target);
            case "ne" -> code.lload(FLAG_A).lconst_0().lcmp().ifne(target);
            case "b" -> code.lload(FLAG_B).lconst_0().lcmp().iflt(target);
            case "ae" -> code.lload(FLAG_B).lconst_0().lcmp().ifge(target);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Pushes the carry flag, an int. May settle the flags. */
    void emitCarry() {
        int kind = known.step() < 0 ? Knowledge.UNKNOWN : known.kind();
        if (kind >= LOGIC && kind < LOGIC + 4) {
            code.iconst_0();
        } else if (kind == COMPUTED) {
            code.lload(FLAG_B);
            emitSign();
        } else if (kind >= SUB && kind < SUB + 3) {
            // Both operands without their signs: the difference is negative if it borrows.
            unsigned(FLAG_A);
            unsigned(FLAG_B);
            code.lsub();
            emitSign();
        } else if (kind == SUB + 3) {
            code.lload(FLAG_A).lload(FLAG_B).invokestatic(ConstantDescs.CD_Long, "compareUnsigned", LONGS_TO_INT);
            code.loadConstant(31).iushr();
        } else if (kind == ADD + 2) {
            unsigned(FLAG_A);
            unsigned(FLAG_B);
            code.ladd().loadConstant(32).lushr().l2i();
        } else if (kind == ADD + 3) {
            code.lload(FLAG_A).lload(FLAG_B).ladd().lload(FLAG_A);
            code.invokestatic(ConstantDescs.CD_Long, "compareUnsigned", LONGS_TO_INT);
            code.loadConstant(31).iushr();
        } else {
            settle();
            code.aload(RegionLocals.CPU).getfield(CPU, "flagAux", CD_long);
            emitSign();
        }
    }

    private void unsigned(int operand) {
        code.lload(operand).loadConstant(0xFFFF_FFFFL).land();
    }

    /** Replaces a long by its highest bit, an int. */
    private void emitSign() {
        code.loadConstant(63).lushr().l2i();
    }

    private boolean logicFused(String condition, Label target, int bits) {
        switch (condition) {
            case "e", "be" -> jumpIfResult(bits, Opcode.IFEQ, target);
            case "ne", "a" -> jumpIfResult(bits, Opcode.IFNE, target);
            case "s", "l" -> jumpIfResult(bits, Opcode.IFLT, target);
            case "ns", "ge" -> jumpIfResult(bits, Opcode.IFGE, target);
            case "le" -> jumpIfResult(bits, Opcode.IFLE, target);
            case "g" -> jumpIfResult(bits, Opcode.IFGT, target);
            case "o", "b" -> {}
            case "no", "ae" -> code.goto_(target);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Jumps as FLAG_A compares to zero, signed. */
    private void jumpIfResult(int bits, Opcode jump, Label target) {
        code.lload(FLAG_A);
        signed(bits).branch(jump, target);
    }

    private boolean subtractionFused(String condition, Label target, int bits) {
        switch (condition) {
            case "e" -> jumpIfCompared(bits, Opcode.IF_ICMPEQ, Opcode.IFEQ, target);
            case "ne" -> jumpIfCompared(bits, Opcode.IF_ICMPNE, Opcode.IFNE, target);
            case "l" -> jumpIfCompared(bits, Opcode.IF_ICMPLT, Opcode.IFLT, target);
            case "ge" -> jumpIfCompared(bits, Opcode.IF_ICMPGE, Opcode.IFGE, target);
            case "le" -> jumpIfCompared(bits, Opcode.IF_ICMPLE, Opcode.IFLE, target);
            case "g" -> jumpIfCompared(bits, Opcode.IF_ICMPGT, Opcode.IFGT, target);
            case "b" -> compareUnsigned(bits).iflt(target);
            case "ae" -> compareUnsigned(bits).ifge(target);
            case "be" -> compareUnsigned(bits).ifle(target);
            case "a" -> compareUnsigned(bits).ifgt(target);
            case "s" -> {
                code.lload(FLAG_A).lload(FLAG_B).lsub();
                signed(bits).iflt(target);
            }
            case "ns" -> {
                code.lload(FLAG_A).lload(FLAG_B).lsub();
                signed(bits).ifge(target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Jumps as the operands compare, signed. */
    private void jumpIfCompared(int bits, Opcode ofInts, Opcode ofLongs, Label target) {
        code.lload(FLAG_A);
        narrow(bits);
        code.lload(FLAG_B);
        narrow(bits);
        if (bits == 64) code.lcmp().branch(ofLongs, target);
        else code.branch(ofInts, target);
    }

    private CodeBuilder compareUnsigned(int bits) {
        code.lload(FLAG_A);
        if (bits < 64) code.l2i();
        code.lload(FLAG_B);
        if (bits < 64) code.l2i();
        if (bits == 64) return code.invokestatic(ConstantDescs.CD_Long, "compareUnsigned", LONGS_TO_INT);
        return code.invokestatic(ConstantDescs.CD_Integer, "compareUnsigned", INTS_TO_INT);
    }

    /** Turns a long into an int that has the value of its low bits, signed, if there are less than 64. */
    private void narrow(int bits) {
        if (bits == 64) return;
        code.l2i();
        if (bits == 8) code.i2b();
        if (bits == 16) code.i2s();
    }

    /** Replaces a long by an int that compares to zero as its low bits do, signed. */
    private CodeBuilder signed(int bits) {
        narrow(bits);
        return bits == 64 ? code.lconst_0().lcmp() : code;
    }

    private boolean additionFused(String condition, Label target, int bits) {
        switch (condition) {
            case "e" -> sum(bits).ifeq(target);
            case "ne" -> sum(bits).ifne(target);
            case "s" -> sum(bits).iflt(target);
            case "ns" -> sum(bits).ifge(target);
            case "b", "ae" -> {
                if (bits < 32) return false;
                code.lload(FLAG_A).lload(FLAG_B).ladd();
                if (bits == 32) code.l2i();
                code.lload(FLAG_A);
                if (bits == 32) code.l2i().invokestatic(ConstantDescs.CD_Integer, "compareUnsigned", INTS_TO_INT);
                else code.invokestatic(ConstantDescs.CD_Long, "compareUnsigned", LONGS_TO_INT);
                if (condition.equals("b")) code.iflt(target);
                else code.ifge(target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private CodeBuilder sum(int bits) {
        code.lload(FLAG_A).lload(FLAG_B).ladd();
        return signed(bits);
    }

    /** The count in FLAG_B is not zero, and below the operand's width or not, as the semantic methods take it. */
    private boolean shiftFused(String condition, Label target, int kind) {
        boolean wide = (kind - 1) % 4 == 3;
        boolean word = (kind - 1) % 4 == 2;
        if (!wide && !word) return false;
        int family = kind - (kind - 1) % 4;
        switch (condition) {
            case "e" -> shifted(family, wide).ifeq(target);
            case "ne" -> shifted(family, wide).ifne(target);
            case "s" -> shifted(family, wide).iflt(target);
            case "ns" -> shifted(family, wide).ifge(target);
            case "b" -> lastBit(family, wide).ifne(target);
            case "ae" -> lastBit(family, wide).ifeq(target);
            default -> {
                return false;
            }
        }
        return true;
    }

    private CodeBuilder shifted(int family, boolean wide) {
        code.lload(FLAG_A);
        if (!wide) code.l2i();
        code.lload(FLAG_B).l2i();
        switch (family) {
            case SHL -> {
                if (wide) code.lshl();
                else code.ishl();
            }
            case SHR -> {
                if (wide) code.lushr();
                else code.iushr();
            }
            case SAR -> {
                if (wide) code.lshr();
                else code.ishr();
            }
            default -> throw new IllegalStateException("no shift: " + family);
        }
        return wide ? code.lconst_0().lcmp() : code;
    }

    /** The bit that was shifted out last: JVM shifts take their counts modulo the width, so that -n means width - n. */
    private CodeBuilder lastBit(int family, boolean wide) {
        code.lload(FLAG_A);
        if (!wide) code.l2i();
        code.lload(FLAG_B).l2i();
        if (family == SHL) code.ineg();
        else code.iconst_1().isub();
        if (wide) code.lushr().l2i();
        else code.iushr();
        return code.iconst_1().iand();
    }

    private boolean stepFused(String condition, Label target) {
        boolean increment = known.step() < DEC;
        int bits = 8 << known.step() - (increment ? INC : DEC);
        switch (condition) {
            case "e" -> stepped(bits, increment).ifeq(target);
            case "ne" -> stepped(bits, increment).ifne(target);
            case "s" -> stepped(bits, increment).iflt(target);
            case "ns" -> stepped(bits, increment).ifge(target);
            // As if compared to -1 or 1.
            case "l" -> jumpIfSteppedFrom(bits, increment, Opcode.IF_ICMPLT, Opcode.IFLT, target);
            case "ge" -> jumpIfSteppedFrom(bits, increment, Opcode.IF_ICMPGE, Opcode.IFGE, target);
            case "le" -> jumpIfSteppedFrom(bits, increment, Opcode.IF_ICMPLE, Opcode.IFLE, target);
            case "g" -> jumpIfSteppedFrom(bits, increment, Opcode.IF_ICMPGT, Opcode.IFGT, target);
            default -> {
                return false;
            }
        }
        return true;
    }

    private CodeBuilder stepped(int bits, boolean increment) {
        code.lload(STEPPED).loadConstant(increment ? 1L : -1L).ladd();
        return signed(bits);
    }

    private void jumpIfSteppedFrom(int bits, boolean increment, Opcode ofInts, Opcode ofLongs, Label target) {
        code.lload(STEPPED);
        narrow(bits);
        if (bits == 64) code.loadConstant(increment ? -1L : 1L).lcmp().branch(ofLongs, target);
        else code.loadConstant(increment ? -1 : 1).branch(ofInts, target);
    }
}
