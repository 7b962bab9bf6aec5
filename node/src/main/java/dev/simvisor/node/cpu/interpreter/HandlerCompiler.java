package dev.simvisor.node.cpu.interpreter;

import static java.lang.classfile.ClassFile.ACC_FINAL;
import static java.lang.classfile.ClassFile.ACC_PUBLIC;
import static java.lang.classfile.ClassFile.ACC_STATIC;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_String;
import static java.lang.constant.ConstantDescs.CD_char;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.ConstantValueAttribute;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * Emits the class that executes instructions: a static method per variant and the loop that dispatches to them.
 *
 * <p>The loop's switch covers the most frequent variants; the rest are reached through further switches, a chunk of variants
 * each, so that no method grows beyond the 8,000 bytes of bytecode that HotSpot is willing to compile. The launcher has HotSpot
 * inline no handler: with the frequent ones in one large method the loop was a quarter slower.
 */
final class HandlerCompiler {
    private static final ClassDesc CPU = InstructionEmitter.CPU;
    private static final ClassDesc INSTRUCTION = InstructionEmitter.INSTRUCTION;
    private static final ClassDesc INSTRUCTIONS = INSTRUCTION.arrayType();
    private static final ClassDesc RUNNER =
            BlockRunner.class.describeConstable().orElseThrow();
    /** Name of the class that is emitted. */
    static final String CLASS_NAME = HandlerCompiler.class.getPackageName() + ".InstructionHandlers";
    /** Name of its constant that tells from which instruction table it was emitted. */
    static final String FINGERPRINT = "FINGERPRINT";
    /**
     * Name of its constant of {@link HandlerNumbering#numbers}, as a string. At two or three bytes each there is room for them in
     * a constant's 65,535 bytes (JVM specification §4.4.7) up to some 1,400 rows.
     */
    static final String NUMBERS = "NUMBERS";

    private static final ClassDesc SELF = ClassDesc.of(CLASS_NAME);
    private static final MethodTypeDesc HANDLER = MethodTypeDesc.of(CD_void, CPU, INSTRUCTION);
    /** Cases per further switch: 12 bytes each of table, call and jump stay below 8,000. */
    private static final int CHUNK = 600;

    // Locals of the generated loop; 0 is "this".
    private static final int CPU_LOCAL = 1;
    private static final int INSTRUCTIONS_LOCAL = 2;
    private static final int INDEX_LOCAL = 3;
    private static final int INSTRUCTION_LOCAL = 4;

    private final HandlerNumbering numbering;
    private final List<Variant> variants;
    /** How many variants the loop's own switch covers. */
    private final int frequent;

    private HandlerCompiler(HandlerNumbering numbering) {
        this.numbering = numbering;
        this.variants = numbering.variants();
        this.frequent = (int) variants.stream()
                .takeWhile(variant -> DispatchOrder.rarity(variant) == 0)
                .count();
    }

    /** The class file. */
    static byte[] bytecode(HandlerNumbering numbering) {
        return ClassFile.of().build(SELF, new HandlerCompiler(numbering)::emitClass);
    }

    private void emitClass(ClassBuilder builder) {
        builder.withFlags(ACC_PUBLIC | ACC_FINAL).withInterfaceSymbols(RUNNER);
        emitConstant(builder, FINGERPRINT, CD_int, numbering.table().fingerprint());
        emitConstant(builder, NUMBERS, CD_String, String.valueOf(numbering.numbers()));
        builder.withMethodBody(
                INIT_NAME,
                MTD_void,
                ACC_PUBLIC,
                code -> code.aload(0)
                        .invokespecial(CD_Object, INIT_NAME, MTD_void)
                        .return_());
        for (int number = 0; number < variants.size(); number++) {
            Variant variant = variants.get(number);
            builder.withMethodBody(
                    handlerName(number), HANDLER, ACC_STATIC, code -> new HandlerEmitter(code, variant).emit());
        }
        builder.withMethodBody("run", MethodTypeDesc.of(CD_void, CPU, INSTRUCTIONS), ACC_PUBLIC, this::emitLoop);
        for (int first = frequent; first < variants.size(); first += CHUNK) {
            int start = first;
            builder.withMethodBody(chunkName(first), HANDLER, ACC_STATIC, code -> emitChunk(code, start));
        }
    }

    private static void emitConstant(ClassBuilder builder, String name, ClassDesc type, ConstantDesc value) {
        builder.withField(
                name,
                type,
                field -> field.withFlags(ACC_PUBLIC | ACC_STATIC | ACC_FINAL).with(ConstantValueAttribute.of(value)));
    }

    /** The launcher tells handlers from the loop and the further switches, which have none, by the underscore. */
    private String handlerName(int number) {
        return variants.get(number).label() + "_" + number;
    }

    private static String chunkName(int first) {
        return "dispatch" + first;
    }

    private void emitLoop(CodeBuilder code) {
        Label next = code.newLabel();
        Label test = code.newLabel();
        code.aload(CPU_LOCAL).getfield(CPU, "position", CD_int).istore(INDEX_LOCAL);
        code.labelBinding(next);
        code.aload(INSTRUCTIONS_LOCAL).iload(INDEX_LOCAL).aaload().astore(INSTRUCTION_LOCAL);
        code.aload(CPU_LOCAL).iload(INDEX_LOCAL).putfield(CPU, "position", CD_int);
        code.iinc(INDEX_LOCAL, 1);
        emitSwitch(code, 0, frequent, CPU_LOCAL, INSTRUCTION_LOCAL, test);
        code.labelBinding(test);
        code.iload(INDEX_LOCAL)
                .aload(CPU_LOCAL)
                .getfield(CPU, "blockEnd", CD_int)
                .if_icmplt(next);
        code.aload(CPU_LOCAL).iload(INDEX_LOCAL).putfield(CPU, "position", CD_int);
        code.return_();
    }

    private void emitChunk(CodeBuilder code, int first) {
        Label end = code.newLabel();
        emitSwitch(code, first, Math.min(first + CHUNK, variants.size()), 0, 1, end);
        code.labelBinding(end);
        code.return_();
    }

    /** A switch over the handlers from first to limit; what is beyond goes to the next switch. Each case ends at {@code end}. */
    private void emitSwitch(CodeBuilder code, int first, int limit, int cpuLocal, int instructionLocal, Label end) {
        List<SwitchCase> cases = new ArrayList<>();
        for (int number = first; number < limit; number++) cases.add(SwitchCase.of(number, code.newLabel()));
        Label otherwise = code.newLabel();
        code.aload(instructionLocal).getfield(INSTRUCTION, "handler", CD_char);
        code.tableswitch(first, limit - 1, otherwise, cases);
        for (SwitchCase handled : cases) {
            code.labelBinding(handled.target());
            code.aload(cpuLocal).aload(instructionLocal);
            code.invokestatic(SELF, handlerName(handled.caseValue()), HANDLER);
            code.goto_(end);
        }
        code.labelBinding(otherwise);
        if (limit < variants.size()) {
            code.aload(cpuLocal).aload(instructionLocal);
            code.invokestatic(SELF, chunkName(limit), HANDLER);
        }
    }
}
