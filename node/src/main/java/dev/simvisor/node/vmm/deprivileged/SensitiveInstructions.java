package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.InstructionClass;
import java.util.Set;

/**
 * The translation pass over a guest kernel's code: privileged and critical instructions call out, all others stay. Beside
 * those of Popek and Goldberg's kind it takes what reads or loads state that differs between the two processors: descriptors
 * in segment registers, the processor's identity, its clock, the selectors in the floating-point unit's pointers.
 */
public enum SensitiveInstructions implements TranslationPass {
    INSTANCE;

    private static final Set<String> OTHERS = Set.of(
            "LDS", "LES", "LSS", "LFS", "LGS", "CPUID", "RDTSC", "RDTSCP", "SYSCALL", "SYSENTER", "INT3", "INTO");

    @Override
    public boolean callsOut(Instruction instruction) {
        return instruction.row.instructionClass() != InstructionClass.ORDINARY
                || OTHERS.contains(instruction.row.mnemonic(instruction.operandSize));
    }
}
