package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.SegmentRegister;
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

    /** They store selectors: those in CS and SS have the ring in them, the others are as the guest loaded them. */
    private static final Set<String> SELECTOR_STORES = Set.of("pushSegment", "movFromSegment");

    @Override
    public boolean callsOut(Instruction instruction) {
        if (SELECTOR_STORES.contains(instruction.row.semantics())) {
            return instruction.reg == SegmentRegister.CS || instruction.reg == SegmentRegister.SS;
        }
        return instruction.row.instructionClass() != InstructionClass.ORDINARY
                || OTHERS.contains(instruction.row.mnemonic(instruction.operandSize));
    }
}
