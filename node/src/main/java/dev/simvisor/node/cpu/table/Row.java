package dev.simvisor.node.cpu.table;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One row of the instruction table: an opcode form and all that is declared about it.
 *
 * @param id position in the table, from 0; also the index in {@link InstructionTable#rows}
 * @param opcode the bytes it matches
 * @param mnemonics one, or those for 16, 32 and 64 bits
 * @param operands in the manual's order, destination first
 * @param attributes see {@link Attribute}
 * @param features what the processor must have, else #UD
 * @param semantics name of the method that is the row's meaning, without the suffix for the operand size
 * @param intercept as what it may leave non-root operation, or null
 * @param flagsRead flags it depends on, as bits of RFLAGS
 * @param flagsWritten flags it defines
 * @param flagsUndefined flags it leaves undefined, at least for some operands
 * @param instructionClass how it stands to virtualization
 * @param section volume and entry of the Intel SDM
 * @param place file and line
 */
public record Row(
        int id,
        Opcode opcode,
        List<String> mnemonics,
        List<Operand> operands,
        Set<Attribute> attributes,
        Set<Feature> features,
        String semantics,
        @Nullable Intercept intercept,
        int flagsRead,
        int flagsWritten,
        int flagsUndefined,
        InstructionClass instructionClass,
        String section,
        String place) {

    public boolean has(Attribute attribute) {
        return attributes.contains(attribute);
    }

    public boolean needs(Feature feature) {
        return features.contains(feature);
    }

    /** The mnemonic, in capitals, for this operand size (or address size, see {@link Attribute#BYADDRESS}). */
    public String mnemonic(int size) {
        int index = size == 64 ? 2 : size == 32 ? 1 : 0;
        return mnemonics.get(Math.min(index, mnemonics.size() - 1));
    }

    /** Whether the form has a ModRM byte. */
    public boolean hasModRm() {
        return opcode.constrainsModRm()
                || has(Attribute.MEM)
                || has(Attribute.REG)
                || operands.stream().anyMatch(Operand::needsModRm);
    }

    /**
     * The operand whose size is the row's: the first that is neither part of the instruction's bytes nor a count or port.
     * A byte there makes it a byte row (operand size 8).
     */
    public OperandSize governingSize() {
        for (Operand operand : operands) {
            switch (operand.kind()) {
                case I, J, A, CL, DX, ONE -> {}
                default -> {
                    return operand.size();
                }
            }
        }
        return OperandSize.NONE;
    }

    /** Whether the row matches in this mode, with this prefix, REX.W and ModRM byte (0 if there is none). */
    boolean matches(boolean mode64, Opcode.MandatoryPrefix prefix, boolean rexW, int modRm) {
        if (has(mode64 ? Attribute.I64 : Attribute.O64)) return false;
        return opcode.matches(prefix, rexW, modRm) && formMatches(modRm >= 0xC0);
    }

    private boolean formMatches(boolean register) {
        if (has(Attribute.MEM)) return !register;
        if (has(Attribute.REG)) return register;
        for (Operand operand : operands) {
            if (operand.kind().registerOnly()) return register;
            if (operand.kind() == OperandKind.M) return !register;
        }
        return true;
    }

    @Override
    public String toString() {
        return place + " " + opcode.notation() + " " + String.join("/", mnemonics);
    }
}
