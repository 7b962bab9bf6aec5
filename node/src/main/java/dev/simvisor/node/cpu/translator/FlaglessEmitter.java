package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_B;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Set;

/**
 * Emits rotates and shifts of 32 and 64 bits whose flags nobody will ask for. With flags they are left to their methods, since
 * those change part of the flags, or none for a count of zero. Counts are taken modulo the width, as JVM shifts take them.
 */
final class FlaglessEmitter {
    private static final Set<String> NAMES = Set.of("rol", "ror", "shl", "shr", "sar", "shld", "shrd");

    private final CodeBuilder code;
    private final boolean wide;

    FlaglessEmitter(CodeBuilder code, int bits) {
        this.code = code;
        this.wide = bits == 64;
    }

    static boolean emits(String name, int bits) {
        return bits >= 32 && NAMES.contains(name);
    }

    /** Replaces what is to be shifted, what follows it if there is such, and the count by the result. */
    void emit(String name) {
        switch (name) {
            case "rol" -> rotate("rotateLeft");
            case "ror" -> rotate("rotateRight");
            case "shl" -> {
                if (wide) code.lshl();
                else code.ishl();
            }
            case "shr" -> {
                if (wide) code.lushr();
                else code.iushr();
            }
            case "sar" -> {
                if (wide) code.lshr();
                else code.ishr();
            }
            case "shld", "shrd" -> {
                if (wide) emitWideDouble(name.equals("shld"));
                else emitDouble(name.equals("shld"));
            }
            default -> throw new IllegalStateException(name + " has no bytecode");
        }
    }

    private void rotate(String method) {
        if (wide) code.invokestatic(ConstantDescs.CD_Long, method, MethodTypeDesc.of(CD_long, CD_long, CD_int));
        else code.invokestatic(ConstantDescs.CD_Integer, method, MethodTypeDesc.of(CD_int, CD_int, CD_int));
    }

    /** Both operands side by side in a long. */
    private void emitDouble(boolean left) {
        code.loadConstant(31).iand().i2l().lstore(SCRATCH_B);
        code.i2l();
        if (left) code.loadConstant(0xFFFF_FFFFL).land();
        else code.loadConstant(32).lshl();
        code.lstore(SCRATCH_A);
        code.i2l();
        if (left) code.loadConstant(32).lshl();
        else code.loadConstant(0xFFFF_FFFFL).land();
        code.lload(SCRATCH_A).lor().lload(SCRATCH_B).l2i();
        if (left) code.lshl().loadConstant(32).lushr();
        else code.lushr();
        code.l2i();
    }

    /** What comes in is shifted by one and then by the rest, as a shift by 64 would be one by none. */
    private void emitWideDouble(boolean left) {
        code.i2l().lstore(SCRATCH_B).lstore(SCRATCH_A);
        code.lload(SCRATCH_B).l2i();
        if (left) code.lshl();
        else code.lushr();
        code.lload(SCRATCH_A).iconst_1();
        if (left) code.lushr();
        else code.lshl();
        code.lload(SCRATCH_B).l2i().iconst_m1().ixor();
        if (left) code.lushr();
        else code.lshl();
        code.lor();
    }
}
