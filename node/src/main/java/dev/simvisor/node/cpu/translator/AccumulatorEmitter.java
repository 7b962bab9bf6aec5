package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_B;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_B;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import dev.simvisor.node.cpu.semantics.MultiplyDivide;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Set;

/** Emits what works on rDX:rAX without naming it, in 32 and 64 bits. The operand, if there is one, is on the operand stack. */
final class AccumulatorEmitter {
    private static final Set<String> NAMES = Set.of("mul", "imulWide", "div", "idiv", "cbw", "cwd");
    private static final ClassDesc MULTIPLY_DIVIDE =
            MultiplyDivide.class.describeConstable().orElseThrow();
    private static final ClassDesc MATH = Math.class.describeConstable().orElseThrow();
    private static final long LOW = 0xFFFF_FFFFL;
    private static final int RAX = RegionLocals.register(Cpu.RAX);
    private static final int RDX = RegionLocals.register(Cpu.RDX);

    private final CodeBuilder code;
    private final FlagEmitter flags;
    private final boolean flagsMatter;

    AccumulatorEmitter(CodeBuilder code, FlagEmitter flags, boolean flagsMatter) {
        this.code = code;
        this.flags = flags;
        this.flagsMatter = flagsMatter;
    }

    static boolean emits(String name, int bits) {
        return bits >= 32 && NAMES.contains(name);
    }

    void emit(String name, int bits) {
        boolean wide = bits == 64;
        switch (name) {
            case "mul", "imulWide" -> {
                boolean signed = name.equals("imulWide");
                if (wide) emitWideProduct(signed);
                else emitProduct(signed);
                if (flagsMatter) flags.set(DeferredFlags.PRODUCT);
            }
            case "div", "idiv" -> {
                emitDivision(name.equals("idiv"), wide);
            }
            case "cbw" -> {
                code.lload(RAX).l2i();
                if (!wide) code.i2s();
                code.i2l();
                if (!wide) code.loadConstant(LOW).land();
                code.lstore(RAX);
            }
            case "cwd" -> {
                code.lload(RAX);
                if (!wide) code.l2i().i2l();
                code.loadConstant(63).lshr();
                if (!wide) code.loadConstant(LOW).land();
                code.lstore(RDX);
            }
            default -> throw new IllegalStateException(name + " has no bytecode");
        }
    }

    private void emitProduct(boolean signed) {
        code.i2l();
        if (!signed) code.loadConstant(LOW).land();
        code.lload(RAX);
        if (signed) code.l2i().i2l();
        else code.loadConstant(LOW).land();
        code.lmul().lstore(SCRATCH_A);
        code.lload(SCRATCH_A).loadConstant(LOW).land().lstore(RAX);
        code.lload(SCRATCH_A).loadConstant(32).lushr().lstore(RDX);
        if (!flagsMatter) return;
        code.lload(SCRATCH_A).l2i().i2l().lstore(FLAG_A);
        if (signed) code.lload(SCRATCH_A).lload(FLAG_A).lxor().lstore(FLAG_B);
        else code.lload(RDX).lstore(FLAG_B);
    }

    private void emitWideProduct(boolean signed) {
        code.lstore(SCRATCH_A);
        code.lload(SCRATCH_A).lload(RAX).lmul().lstore(SCRATCH_B);
        code.lload(SCRATCH_A).lload(RAX);
        String method = signed ? "multiplyHigh" : "unsignedMultiplyHigh";
        code.invokestatic(MATH, method, MethodTypeDesc.of(CD_long, CD_long, CD_long));
        code.lstore(RDX).lload(SCRATCH_B).lstore(RAX);
        if (!flagsMatter) return;
        code.lload(RAX).lstore(FLAG_A);
        code.lload(RDX);
        if (signed) code.lload(RAX).loadConstant(63).lshr().lxor();
        code.lstore(FLAG_B);
    }

    /** Most dividends were widened from a single register: those divide as in Java, quotient and remainder at once. */
    private void emitDivision(boolean signed, boolean wide) {
        Label rare = code.newLabel();
        Label end = code.newLabel();
        if (!wide) code.i2l();
        code.lstore(SCRATCH_B);
        code.lload(SCRATCH_B).lconst_0().lcmp().ifeq(rare);
        if (signed) {
            // The least dividend has no quotient by -1.
            loadDividend(wide);
            code.loadConstant(wide ? Long.MIN_VALUE : (long) Integer.MIN_VALUE)
                    .lcmp()
                    .ifeq(rare);
        }
        code.lload(RDX);
        if (!wide) code.l2i().i2l();
        if (signed) {
            loadDividend(wide);
            code.loadConstant(63).lshr();
        } else {
            code.lconst_0();
        }
        code.lcmp().ifne(rare);
        emitDivided(signed, wide, true);
        code.lstore(SCRATCH_A);
        emitDivided(signed, wide, false);
        code.lstore(RDX).lload(SCRATCH_A).lstore(RAX).goto_(end);
        code.labelBinding(rare);
        if (wide) emitWideQuotient(signed);
        else emitQuotient(signed);
        code.labelBinding(end);
    }

    /** Pushes what is in rAX as a long, sign-extended. */
    private void loadDividend(boolean wide) {
        code.lload(RAX);
        if (!wide) code.l2i().i2l();
    }

    /** Pushes the quotient or the remainder of rAX by SCRATCH_B, as a register holds it. */
    private void emitDivided(boolean signed, boolean wide, boolean quotient) {
        code.lload(RAX);
        if (!wide) code.l2i();
        code.lload(SCRATCH_B);
        if (!wide) code.l2i();
        if (!signed) {
            String method = quotient ? "divideUnsigned" : "remainderUnsigned";
            ClassDesc type = wide ? CD_long : CD_int;
            ClassDesc owner = wide ? ConstantDescs.CD_Long : ConstantDescs.CD_Integer;
            code.invokestatic(owner, method, MethodTypeDesc.of(type, type, type));
        } else if (wide) {
            if (quotient) code.ldiv();
            else code.lrem();
        } else {
            if (quotient) code.idiv();
            else code.irem();
        }
        if (!wide) code.i2l().loadConstant(LOW).land();
    }

    private void emitQuotient(boolean signed) {
        code.lload(RDX).loadConstant(32).lshl();
        code.lload(RAX).loadConstant(LOW).land().lor().lstore(SCRATCH_A);
        code.aload(RegionLocals.CPU).lload(SCRATCH_A).lload(SCRATCH_B).l2i();
        code.invokestatic(
                MULTIPLY_DIVIDE,
                signed ? "signedQuotient32" : "quotient32",
                MethodTypeDesc.of(CD_int, InstructionEmitter.CPU, CD_long, CD_int));
        code.i2l().loadConstant(LOW).land().lstore(RAX);
        code.lload(SCRATCH_A).lload(RAX).lload(SCRATCH_B).lmul().lsub();
        code.loadConstant(LOW).land().lstore(RDX);
    }

    private void emitWideQuotient(boolean signed) {
        code.aload(RegionLocals.CPU).lload(RDX).lload(RAX).lload(SCRATCH_B);
        code.invokestatic(
                MULTIPLY_DIVIDE,
                signed ? "signedQuotient64" : "quotient64",
                MethodTypeDesc.of(CD_long, InstructionEmitter.CPU, CD_long, CD_long, CD_long));
        code.lstore(SCRATCH_A);
        code.lload(RAX).lload(SCRATCH_A).lload(SCRATCH_B).lmul().lsub().lstore(RDX);
        code.lload(SCRATCH_A).lstore(RAX);
    }
}
