package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.disassemble.Disassembler;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.exit.SlippedInstructions;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Knows what a critical instruction would have done in ring 0. It executes the instruction on a processor of its own, which is
 * as the virtual one is and whose stores go nowhere; then, after the physical processor has executed it in ring 1, it compares
 * what became of the guest. The guest's run is the same with and without it.
 */
final class CriticalInstructionWitness {
    /** RF comes and goes with the instruction that it is for. */
    private static final int VISIBLE_FLAGS = ~Flags.RF;

    private static final List<String> GENERAL = List.of(
            "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
    private static final List<String> SEGMENTS = List.of("es", "cs", "ss", "ds", "fs", "gs");

    private final Cpu virtual;
    private final GuestMemory memory;
    private final SlippedInstructions slipped;
    private final UncommittedMemory uncommitted;
    private final Cpu ideal;
    private final Interpreter interpreter;
    private boolean comparable;
    // Of the instruction.
    private long before;
    private long rip;
    private long linear;

    /** What the guest can tell from what it should have got. */
    private record Difference(String seen, String expected) {}

    CriticalInstructionWitness(Cpu virtual, GuestMemory memory, SlippedInstructions slipped) {
        this.virtual = virtual;
        this.memory = memory;
        this.slipped = slipped;
        uncommitted = new UncommittedMemory(memory);
        ideal = new Cpu(uncommitted, virtual.model);
        // What it raises is taken down, not delivered.
        ideal.deprivileged = true;
        interpreter = new Interpreter(ideal);
    }

    /** Executes the instruction that the virtual processor is about to, with no effect on it. */
    void execute(Instruction instruction) {
        before = virtual.completedInstructions;
        rip = virtual.rip;
        linear = virtual.codeSize == 64 ? rip : virtual.segmentBase[SegmentRegister.CS] + rip & 0xFFFF_FFFFL;
        copyState();
        uncommitted.forgetStores();
        ideal.exit.clear();
        interpreter.emulate(instruction);
        comparable = !uncommitted.devicesTouched();
    }

    private void copyState() {
        System.arraycopy(virtual.gpr, 0, ideal.gpr, 0, virtual.gpr.length);
        ideal.rip = virtual.rip;
        ideal.flagResult = virtual.flagResult;
        ideal.flagAux = virtual.flagAux;
        ideal.otherFlags = virtual.otherFlags;
        for (int segment = 0; segment < SegmentRegister.COUNT; segment++) {
            ideal.selector[segment] = virtual.selector[segment];
            ideal.segmentBase[segment] = virtual.segmentBase[segment];
            ideal.segmentLimit[segment] = virtual.segmentLimit[segment];
            ideal.segmentRights[segment] = virtual.segmentRights[segment];
        }
        ideal.gdtrBase = virtual.gdtrBase;
        ideal.gdtrLimit = virtual.gdtrLimit;
        ideal.idtrBase = virtual.idtrBase;
        ideal.idtrLimit = virtual.idtrLimit;
        ideal.cr0 = virtual.cr0;
        ideal.cr3 = virtual.cr3;
        ideal.cr4 = virtual.cr4;
        System.arraycopy(virtual.pdpte, 0, ideal.pdpte, 0, virtual.pdpte.length);
        ideal.msr.efer = virtual.msr.efer;
        ideal.updateMode();
    }

    /** Compares with what the physical processor has done, which the virtual one has taken over. */
    void compare(Instruction instruction) {
        if (!comparable) return;
        Difference difference = difference();
        if (difference == null) return;
        slipped.add(instruction.row.mnemonic(instruction.operandSize), () -> slip(instruction, difference));
    }

    private SlippedInstructions.Slip slip(Instruction instruction, Difference difference) {
        return new SlippedInstructions.Slip(
                before, linear, Disassembler.format(instruction, rip), difference.seen, difference.expected);
    }

    private @Nullable Difference difference() {
        if (ideal.exit.kind == Exit.Kind.EXCEPTION) return new Difference("raised nothing", exception(ideal.exit));
        Difference found = inMemory();
        if (found == null) found = inGeneralRegisters();
        if (found == null) found = inFlags();
        if (found == null) found = inSegments();
        if (found == null && ideal.rip != virtual.rip) found = differ("rip", virtual.rip, ideal.rip);
        return found;
    }

    private static String exception(Exit exit) {
        return "raised "
                + (exit.hasErrorCode ? "exception %d(%XH)" : "exception %d").formatted(exit.vector, exit.errorCode);
    }

    private @Nullable Difference inMemory() {
        for (UncommittedMemory.Store store : uncommitted.stores()) {
            long seen = memory.read(store.address(), store.size());
            long expected = uncommitted.read(store.address(), store.size());
            if (seen != expected) {
                return new Difference(
                        "stored " + hexadecimal(seen, store.size()), "stored " + hexadecimal(expected, store.size()));
            }
        }
        return null;
    }

    private @Nullable Difference inGeneralRegisters() {
        int register = Arrays.mismatch(virtual.gpr, 0, GENERAL.size(), ideal.gpr, 0, GENERAL.size());
        if (register < 0) return null;
        String prefix = register >= 8 ? "" : virtual.longMode ? "r" : "e";
        return differ(prefix + GENERAL.get(register), virtual.gpr[register], ideal.gpr[register]);
    }

    private @Nullable Difference inFlags() {
        int seen = virtual.rflags() & VISIBLE_FLAGS;
        int expected = ideal.rflags() & VISIBLE_FLAGS;
        return seen == expected ? null : differ("flags", seen, expected);
    }

    private @Nullable Difference inSegments() {
        for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
            String name = SEGMENTS.get(segment);
            if (virtual.selector[segment] != ideal.selector[segment]) {
                return differ(name, virtual.selector[segment], ideal.selector[segment]);
            }
            if (virtual.segmentBase[segment] != ideal.segmentBase[segment]) {
                return differ(name + " base", virtual.segmentBase[segment], ideal.segmentBase[segment]);
            }
            if (virtual.segmentLimit[segment] != ideal.segmentLimit[segment]) {
                return differ(name + " limit", virtual.segmentLimit[segment], ideal.segmentLimit[segment]);
            }
            if (virtual.segmentRights[segment] != ideal.segmentRights[segment]) {
                return differ(name + " rights", virtual.segmentRights[segment], ideal.segmentRights[segment]);
            }
        }
        return null;
    }

    private Difference differ(String what, long seen, long expected) {
        int size = virtual.longMode ? 8 : 4;
        return new Difference(
                "left " + what + " " + hexadecimal(seen, size), "left " + what + " " + hexadecimal(expected, size));
    }

    private static String hexadecimal(long value, int size) {
        return ("%0" + 2 * size + "XH").formatted(value);
    }
}
