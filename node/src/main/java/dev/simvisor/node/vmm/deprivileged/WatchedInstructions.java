package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.InstructionClass;

/**
 * In the {@code trap} mode nothing is translated. Where a critical instruction of the kernel's is due, the simulator looks on
 * ({@link CriticalInstructionWitness}) as the physical processor executes it.
 */
public enum WatchedInstructions implements TranslationPass {
    INSTANCE;

    @Override
    public boolean callsOut(Instruction instruction) {
        return instruction.row.instructionClass() == InstructionClass.CRITICAL;
    }
}
