package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.semantics.Conditions;
import dev.simvisor.node.cpu.table.Attribute;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** How the last instruction of a block goes on. */
enum Ending {
    /** Straight on. */
    NONE,
    CONDITIONAL,
    JUMP,
    CALL,
    RETURN,
    JUMP_INDIRECT,
    CALL_INDIRECT,
    /** A string instruction: straight on unless it has to be executed again. */
    STRING,
    /**
     * A load of a data segment, CLI, PAUSE, a look at the time stamp: straight on unless that wants attention, as it does when segments
     * are flat no more. Kernels that wait look at the time stamp millions of times.
     */
    STATE_CHANGE,
    /** STI: straight on unless something is waiting to be delivered. */
    STI,
    /** SYSCALL, INT n: the region is left, before it if that is for the VMM. */
    SYSTEM_CALL,
    /** Whatever else ends a block: the region is left behind it. */
    OTHER;

    /** The conditional jumps. */
    private static final Set<String> CONDITIONAL_JUMPS = Arrays.stream(Conditions.class.getDeclaredMethods())
            .map(Method::getName)
            .filter(name -> name.startsWith("j"))
            .collect(Collectors.toUnmodifiableSet());

    static Ending of(Instruction last) {
        if (!last.row.has(Attribute.END)) return NONE;
        if (last.row.has(Attribute.REP) || last.row.has(Attribute.REPZ)) {
            // Ports are read and written one element at a time, and looked at after each.
            return last.row.semantics().startsWith("ins")
                            || last.row.semantics().startsWith("outs")
                    ? OTHER
                    : STRING;
        }
        if (last.operandSize < 32) return OTHER;
        String semantics = last.row.semantics();
        return switch (semantics) {
            case "jmp" -> JUMP;
            case "call" -> CALL;
            case "ret" -> RETURN;
            case "jmpIndirect" -> JUMP_INDIRECT;
            case "callIndirect" -> CALL_INDIRECT;
            case "syscall", "interrupt" -> SYSTEM_CALL;
            case "sti" -> STI;
            case "cli", "pause", "rdtsc", "rdtscp", "lds", "les", "lfs", "lgs" -> STATE_CHANGE;
            case "movToSegment", "popSegment" -> last.reg == SegmentRegister.SS ? OTHER : STATE_CHANGE;
            default -> CONDITIONAL_JUMPS.contains(semantics) ? CONDITIONAL : OTHER;
        };
    }
}
