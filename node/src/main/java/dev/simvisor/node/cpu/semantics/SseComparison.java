package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.softfloat.DoubleArithmetic;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Ordering;
import dev.simvisor.node.cpu.softfloat.SingleArithmetic;

/** SSE and SSE2 comparisons: masks, or EFLAGS. */
public final class SseComparison {
    /** SSE knows eight predicates; the other bits of the immediate are reserved. */
    private static final int PREDICATE = 7;

    private SseComparison() {}

    public static int cmpss(Cpu cpu, int a, int b, int predicate) {
        return SingleArithmetic.compare(Simd.environment(cpu), a, b, predicate & PREDICATE);
    }

    public static long cmpsd(Cpu cpu, long a, long b, int predicate) {
        return DoubleArithmetic.compare(Simd.environment(cpu), a, b, predicate & PREDICATE);
    }

    public static long cmpps(Cpu cpu, long a, long b, int predicate) {
        FloatEnvironment env = Simd.environment(cpu);
        int low = SingleArithmetic.compare(env, (int) a, (int) b, predicate & PREDICATE);
        int high = SingleArithmetic.compare(env, (int) (a >>> 32), (int) (b >>> 32), predicate & PREDICATE);
        return low & 0xFFFF_FFFFL | (long) high << 32;
    }

    public static long cmppd(Cpu cpu, long a, long b, int predicate) {
        return DoubleArithmetic.compare(Simd.environment(cpu), a, b, predicate & PREDICATE);
    }

    public static void ucomiss(Cpu cpu, int a, int b) {
        setFlags(cpu, SingleArithmetic.order(Simd.environment(cpu), a, b, true));
    }

    public static void comiss(Cpu cpu, int a, int b) {
        setFlags(cpu, SingleArithmetic.order(Simd.environment(cpu), a, b, false));
    }

    public static void ucomisd(Cpu cpu, long a, long b) {
        setFlags(cpu, DoubleArithmetic.order(Simd.environment(cpu), a, b, true));
    }

    public static void comisd(Cpu cpu, long a, long b) {
        setFlags(cpu, DoubleArithmetic.order(Simd.environment(cpu), a, b, false));
    }

    private static void setFlags(Cpu cpu, Ordering order) {
        Simd.raiseUnmasked(cpu);
        cpu.arithmeticFlags(flags(order));
    }

    /** ZF, PF and CF of an ordering, as UCOMISD and FUCOMI give them (SDM Vol 2B UCOMISD). */
    static int flags(Ordering order) {
        return switch (order) {
            case LESS -> Flags.CF;
            case EQUAL -> Flags.ZF;
            case GREATER -> 0;
            case UNORDERED -> Flags.ZF | Flags.PF | Flags.CF;
        };
    }
}
