package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/** Differences between silicon's outcome and ours, in whatever the manual defines. */
final class Comparison {
    /** All that user code can change but RF, which tells nothing but that the handler may return. */
    private static final long COMPARED_FLAGS =
            Flags.ARITHMETIC | Flags.DF | Flags.TF | Flags.IF | Flags.NT | Flags.AC | Flags.ID | Flags.IOPL;

    /** Approximations that differ between processors in their last bits (SDM Vol 1 §8.3.10). */
    private static final Set<String> TRANSCENDENTAL =
            Set.of("fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1");

    private static final Set<String> WIDE_STORES =
            Set.of("fxsave", "fxrstor", "fnsave", "fnstenv", "frstor", "fldenv", "maskmovq", "maskmovdqu");

    /** Whether the x87 stack has become MMX registers when these fault is not the manual's concern. */
    private static final Set<String> LATE_MMX_FAULTS =
            Set.of("maskmovq", "cvtps2pi", "cvttps2pi", "cvtpd2pi", "cvttpd2pi", "cvtpi2ps", "cvtpi2pd");

    private static final Set<Integer> MEMORY_FAULTS = Set.of(
            GuestException.GENERAL_PROTECTION,
            GuestException.STACK_FAULT,
            GuestException.PAGE_FAULT,
            GuestException.ALIGNMENT_CHECK);

    /** Several stores, of which silicon may complete some before one faults; the instruction can be restarted. */
    private static final Set<String> SEVERAL_STORES = Set.of("enter", "pusha");

    /** They leave C1 as it is, or clear it: the manual has it undefined, or defines it for stack faults alone. */
    private static final Set<String> UNDEFINED_C1 = Set.of(
            "fcmovb",
            "fcmove",
            "fcmovbe",
            "fcmovu",
            "fcmovnb",
            "fcmovne",
            "fcmovnbe",
            "fcmovnu",
            "fcomi",
            "fcomip",
            "fucomi",
            "fucomip",
            "ffree",
            "ffreep");

    /** Approximations to 1.5 * 2^-12 of the exact value (SDM Vol 2B RCPPS). */
    private static final Set<String> RECIPROCAL = Set.of("rcpps", "rcpss", "rsqrtps", "rsqrtss");

    private final SiliconCase test;
    private final Instruction instruction;
    private final SiliconOutcome expected;
    private final SiliconOutcome actual;
    private final List<String> differences = new ArrayList<>();

    private Comparison(SiliconCase test, Instruction instruction, SiliconOutcome expected, SiliconOutcome actual) {
        this.test = test;
        this.instruction = instruction;
        this.expected = expected;
        this.actual = actual;
    }

    static List<String> differences(
            SiliconCase test, Instruction instruction, SiliconOutcome expected, SiliconOutcome actual) {
        Comparison comparison = new Comparison(test, instruction, expected, actual);
        if (comparison.differencesAreAllowed()) return List.of();
        comparison.exception();
        comparison.general();
        comparison.flags();
        comparison.x87();
        comparison.sse();
        comparison.memory();
        return comparison.differences;
    }

    private boolean differencesAreAllowed() {
        return emptyMaskFaulted() || pushesAcrossModes() || alignmentIsOptional();
    }

    /** Whether operands of more than 8 bytes are checked for alignment depends on the processor (SDM Vol 3A §6.15 #AC). */
    private boolean alignmentIsOptional() {
        boolean silicon = expected.vector() == GuestException.ALIGNMENT_CHECK;
        boolean ours = actual.vector() == GuestException.ALIGNMENT_CHECK;
        String name = instruction.row.semantics();
        boolean large = OperandContents.size(instruction) > 8 || name.startsWith("maskmov");
        // A far transfer also looks at a selector: processors differ in which they find wrong first.
        boolean far =
                name.equals("retf") || name.equals("iret") || name.startsWith("callFar") || name.startsWith("jmpFar");
        return silicon != ours && (large || far);
    }

    /** A far call into 64-bit mode from a stack segment with a base: AMD's processors push without the base. */
    private boolean pushesAcrossModes() {
        boolean far = instruction.row.semantics().startsWith("callFar");
        return far && test.small() && actual.state().cs == SiliconLayout.USER_CODE_64;
    }

    /** Whether a masked store of nothing faults differs (SDM Vol 2B MASKMOVDQU). */
    private boolean emptyMaskFaulted() {
        boolean masked = instruction.row.semantics().startsWith("maskmov");
        return masked && expected.vector() == GuestException.PAGE_FAULT && actual.vector() == SiliconOutcome.COMPLETED;
    }

    private void check(String what, long silicon, long ours) {
        if (silicon != ours) differences.add(what + " " + Long.toHexString(silicon) + " not " + Long.toHexString(ours));
    }

    private void exception() {
        if (eitherFault()) return;
        check("vector", expected.vector(), actual.vector());
        // Linux hides from a process whether an address of the kernel's is present.
        boolean kernel = expected.vector() == GuestException.PAGE_FAULT && expected.faultAddress() < 0;
        int code = kernel ? ~1 : ~0;
        check("error code", expected.errorCode() & code, actual.errorCode() & code);
        // An operand that fills much of a page is not always stored in ascending order.
        long mask = WIDE_STORES.contains(instruction.row.semantics()) ? -SiliconLayout.PAGE : -1L;
        check("CR2", expected.faultAddress() & mask, actual.faultAddress() & mask);
    }

    /** Two things are wrong, and processors differ in which they find first. */
    private boolean eitherFault() {
        int silicon = expected.vector();
        int ours = actual.vector();
        if (instruction.row.has(Attribute.ALIGNED)) {
            return silicon == GuestException.GENERAL_PROTECTION && ours == GuestException.STACK_FAULT;
        }
        return switch (instruction.row.semantics()) {
            // The target is outside the code segment, and there is no room on the stack.
            case "call" -> silicon == GuestException.STACK_FAULT && ours == GuestException.GENERAL_PROTECTION;
            // Each of the two operands faults.
            case "cmps" -> MEMORY_FAULTS.contains(silicon) && MEMORY_FAULTS.contains(ours);
            case "movs" -> silicon != ours && MEMORY_FAULTS.contains(silicon) && MEMORY_FAULTS.contains(ours);
            // The offset is outside the new code segment, and the new stack segment cannot be loaded.
            case "iret" -> silicon == GuestException.GENERAL_PROTECTION && silicon == ours && expected.errorCode() == 0;
            default -> false;
        };
    }

    private void general() {
        MachineState silicon = expected.state();
        MachineState ours = actual.state();
        boolean wide = test.codeSize() == 64 && silicon.cs == SiliconLayout.USER_CODE_64;
        for (int i = 0; i < (wide ? 16 : 8); i++) {
            if (undefinedResult() && i == instruction.rm || i < 4 && showsTheMachine()) continue;
            long mask = wide ? -1L : 0xFFFF_FFFFL;
            check("r" + i, silicon.gpr[i] & mask, ours.gpr[i] & mask);
        }
        check("rip", silicon.rip, ours.rip);
        check("cs", silicon.cs, ours.cs);
        check("ss", silicon.ss, ours.ss);
        check("ds", silicon.ds, ours.ds);
        check("es", silicon.es, ours.es);
        check("fs", silicon.fs, ours.fs);
        check("gs", silicon.gs, ours.gs);
    }

    // ---- flags

    private void flags() {
        long mask = COMPARED_FLAGS & ~undefinedFlags();
        check("flags", expected.state().rflags & mask, actual.state().rflags & mask);
    }

    private int undefinedFlags() {
        if (expected.vector() != SiliconOutcome.COMPLETED) return 0;
        return switch (instruction.row.semantics()) {
            case "rol", "ror", "rcl", "rcr", "sar" -> count() == 0 ? 0 : instruction.row.flagsUndefined();
            case "shl", "shr" -> shiftUndefined(count() >= instruction.operandSize);
            case "shld", "shrd" -> count() > instruction.operandSize ? Flags.ARITHMETIC : shiftUndefined(false);
            default -> instruction.row.flagsUndefined();
        };
    }

    private int shiftUndefined(boolean carry) {
        int count = count();
        if (count == 0) return 0;
        int undefined = instruction.row.flagsUndefined();
        if (count == 1) undefined &= ~Flags.OF;
        return carry ? undefined | Flags.CF : undefined;
    }

    private boolean showsTheMachine() {
        return switch (instruction.row.semantics()) {
            case "cpuid", "rdtsc", "rdtscp" -> true;
            default -> false;
        };
    }

    /** A double shift by more than the size of its operands. */
    private boolean undefinedResult() {
        return switch (instruction.row.semantics()) {
            case "shld", "shrd" -> count() > instruction.operandSize;
            default -> false;
        };
    }

    private int count() {
        long count = switch (instruction.row.operands().getLast().kind()) {
            case I -> instruction.immediate;
            case CL -> test.input().gpr[1];
            default -> 1;
        };
        return (int) count & (instruction.operandSize == 64 ? 63 : 31);
    }

    // ---- floating point

    private void x87() {
        boolean faulted = expected.vector() != SiliconOutcome.COMPLETED;
        if (faulted && LATE_MMX_FAULTS.contains(instruction.row.semantics())) return;
        MachineState silicon = expected.state();
        MachineState ours = actual.state();
        check("FCW", silicon.legacy.getShort(MachineState.CONTROL), ours.legacy.getShort(MachineState.CONTROL));
        check("FSW", status(silicon), status(ours));
        check("FTW", silicon.legacy.get(MachineState.TAGS), ours.legacy.get(MachineState.TAGS));
        for (int i = 0; i < 8; i++) {
            if (approximately(silicon, ours, i)) continue;
            check("ST" + i + " exponent", silicon.signExponent(i), ours.signExponent(i));
            check("ST" + i, silicon.significand(i), ours.significand(i));
        }
    }

    /** Without what instructions leave undefined: C0, C1, C2 or C3 of those that do not set them. */
    private int status(MachineState state) {
        int status = state.legacy.getShort(MachineState.STATUS) & 0xFFFF;
        return status & ~undefinedConditions();
    }

    private int undefinedConditions() {
        if (!instruction.row.needs(Feature.X87)) return 0;
        if (UNDEFINED_C1.contains(instruction.row.semantics())) return 0x200;
        return TRANSCENDENTAL.contains(instruction.row.semantics()) ? 0x4300 : 0;
    }

    private boolean approximately(MachineState silicon, MachineState ours, int i) {
        if (!TRANSCENDENTAL.contains(instruction.row.semantics())) return false;
        double wanted = value(silicon, i);
        double got = value(ours, i);
        return silicon.signExponent(i) == ours.signExponent(i)
                        && Math.abs((silicon.significand(i) >>> 1) - (ours.significand(i) >>> 1)) < 4
                || Math.abs(wanted - got) <= Math.ulp(wanted);
    }

    private static double value(MachineState state, int i) {
        double significand = (state.significand(i) >>> 1) * 0x1p-62;
        return Math.scalb(significand, Math.clamp((state.signExponent(i) & 0x7FFF) - 16383, -2000, 2000))
                * (state.signExponent(i) >= 0x8000 ? -1 : 1);
    }

    private void sse() {
        MachineState silicon = expected.state();
        MachineState ours = actual.state();
        check("MXCSR", silicon.legacy.getInt(MachineState.MXCSR), ours.legacy.getInt(MachineState.MXCSR));
        for (int lane = 0; lane < (test.codeSize() == 64 ? 64 : 32); lane++) {
            int wanted = silicon.legacy.getInt(MachineState.XMM + 4 * lane);
            int got = ours.legacy.getInt(MachineState.XMM + 4 * lane);
            if (wanted == got || RECIPROCAL.contains(instruction.row.semantics()) && close(wanted, got)) continue;
            check("xmm" + lane / 4 + "[" + lane % 4 + "]", wanted & 0xFFFF_FFFFL, got & 0xFFFF_FFFFL);
        }
    }

    private static boolean close(int wanted, int got) {
        float exact = Float.intBitsToFloat(wanted);
        return Math.abs(exact - Float.intBitsToFloat(got)) <= Math.abs(exact) * 3 * 0x1p-12;
    }

    // ---- memory

    private void memory() {
        boolean faulted = expected.vector() != SiliconOutcome.COMPLETED;
        if (undefinedResult() || faulted && SEVERAL_STORES.contains(instruction.row.semantics())) return;
        IntPredicate defined = change -> !UndefinedMemory.contains(test, instruction, change >>> 8);
        int[] silicon = Arrays.stream(expected.changes()).filter(defined).toArray();
        int[] ours = Arrays.stream(actual.changes()).filter(defined).toArray();
        if (!Arrays.equals(silicon, ours)) differences.add("memory " + hex(silicon) + " not " + hex(ours));
    }

    private static String hex(int[] changes) {
        return Arrays.stream(changes).limit(24).mapToObj(Integer::toHexString).toList() + "";
    }
}
