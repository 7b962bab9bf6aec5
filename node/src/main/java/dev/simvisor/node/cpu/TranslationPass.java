package dev.simvisor.node.cpu;

import dev.simvisor.node.cpu.decode.Instruction;

/**
 * What a VMM does to the blocks of a guest kernel that it runs in ring 1, as they are decoded: binary translation (Adams and
 * Agesen, ASPLOS 2006, §3). Most instructions stay as they are.
 */
@FunctionalInterface
public interface TranslationPass {
    /** Whether the instruction is replaced by a callout to the VMM, seen as {@link Exit.Kind#CALLOUT}. */
    boolean callsOut(Instruction instruction);
}
