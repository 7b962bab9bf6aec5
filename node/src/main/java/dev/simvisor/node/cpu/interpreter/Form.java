package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;

/**
 * How a decoded instruction reaches its ModRM operand. The flat forms skip segmentation, which does nothing while the segments
 * in use are flat; blocks that were decoded so are not used otherwise.
 */
enum Form {
    REGISTER,
    /** Memory, through the segment's base and limit. */
    MEMORY,
    /** Memory in a flat segment. */
    FLAT,
    /** Memory in a flat segment, without an index register. */
    FLAT_BASE;

    static Form of(Instruction instruction, Cpu cpu) {
        if (!instruction.memory) return REGISTER;
        boolean based = instruction.segment == SegmentRegister.FS || instruction.segment == SegmentRegister.GS;
        // A code segment is flat for reading only; overrides to it are rare.
        boolean code = instruction.segment == SegmentRegister.CS && cpu.codeSize != 64;
        if (!cpu.flatSegments || based || code) return MEMORY;
        return instruction.index == Instruction.ZERO ? FLAT_BASE : FLAT;
    }
}
