package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.disassemble.Disassembler;
import dev.simvisor.node.cpu.interpreter.Region;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A region for people to read: the guest's instructions, and the bytecode that was made of each. */
public final class RegionListing {
    /** Bytecode before this line number is the region's own: how it is entered. */
    static final int FIRST_LINE = 1;

    /**
     * One instruction of the guest's.
     *
     * @param address offset in CS
     * @param guest in Intel syntax
     * @param bytecode what is executed for it, in order
     */
    public record Line(long address, String guest, List<String> bytecode) {}

    private RegionListing() {}

    /**
     * All instructions of a region, in the order of their code.
     *
     * @throws IllegalArgumentException when its class file was not kept
     */
    public static List<Line> of(TranslatedRegion translated) {
        if (translated.classFile().length == 0) throw new IllegalArgumentException("the region's code was not kept");
        Region.Layout layout = translated.region().layout();
        List<List<String>> bytecode = bytecode(translated.classFile(), layout.instructions().length);
        List<Line> lines = new ArrayList<>();
        for (int n = 0; n < layout.instructions().length; n++) {
            Instruction instruction = layout.instructions()[n];
            long address = translated.address() + layout.distances()[n];
            lines.add(new Line(address, Disassembler.format(instruction, address), bytecode.get(n)));
        }
        return lines;
    }

    private static List<List<String>> bytecode(byte[] classFile, int instructions) {
        List<List<String>> bytecode = new ArrayList<>();
        for (int n = 0; n < instructions; n++) bytecode.add(new ArrayList<>());
        int line = 0;
        for (CodeElement element : code(classFile)) {
            switch (element) {
                case LineNumber number -> line = number.line();
                case java.lang.classfile.Instruction instruction -> {
                    if (line >= FIRST_LINE) bytecode.get(line - FIRST_LINE).add(text(instruction));
                }
                default -> {}
            }
        }
        return bytecode;
    }

    private static CodeModel code(byte[] classFile) {
        for (MethodModel method : ClassFile.of().parse(classFile).methods()) {
            if (method.methodName().equalsString("execute"))
                return method.code().orElseThrow();
        }
        throw new IllegalArgumentException("no class of a region");
    }

    /** As javap has it, but for branch targets. */
    private static String text(java.lang.classfile.Instruction instruction) {
        String mnemonic = instruction.opcode().name().toLowerCase(Locale.ROOT);
        return switch (instruction) {
            case LoadInstruction load -> mnemonic(load.opcode().name(), "load") + " " + load.slot();
            case StoreInstruction store -> mnemonic(store.opcode().name(), "store") + " " + store.slot();
            case ConstantInstruction constant -> "const " + constant.constantValue();
            case IncrementInstruction increment -> "iinc " + increment.slot() + " by " + increment.constant();
            case FieldInstruction field ->
                mnemonic + " " + simpleName(field.owner().asInternalName()) + "."
                        + field.name().stringValue();
            case InvokeInstruction call ->
                mnemonic + " " + simpleName(call.owner().asInternalName()) + "."
                        + call.name().stringValue();
            default -> mnemonic;
        };
    }

    /** The short forms, such as {@code lload_1}, are not told from the long ones. */
    private static String mnemonic(String opcode, String kind) {
        return opcode.substring(0, 1).toLowerCase(Locale.ROOT) + kind;
    }

    private static String simpleName(String internalName) {
        return internalName.substring(internalName.lastIndexOf('/') + 1);
    }
}
