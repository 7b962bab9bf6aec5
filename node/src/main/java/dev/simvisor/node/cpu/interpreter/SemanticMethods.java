package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.semantics.Arithmetic;
import dev.simvisor.node.cpu.semantics.BitOperations;
import dev.simvisor.node.cpu.semantics.Conditions;
import dev.simvisor.node.cpu.semantics.DataMovement;
import dev.simvisor.node.cpu.semantics.Decimal;
import dev.simvisor.node.cpu.semantics.DescriptorTables;
import dev.simvisor.node.cpu.semantics.Exchange;
import dev.simvisor.node.cpu.semantics.ExtendedState;
import dev.simvisor.node.cpu.semantics.FarTransfers;
import dev.simvisor.node.cpu.semantics.FastSystemCalls;
import dev.simvisor.node.cpu.semantics.FlagControl;
import dev.simvisor.node.cpu.semantics.Interrupts;
import dev.simvisor.node.cpu.semantics.Logic;
import dev.simvisor.node.cpu.semantics.MultiplyDivide;
import dev.simvisor.node.cpu.semantics.NearBranches;
import dev.simvisor.node.cpu.semantics.PackedIntegers;
import dev.simvisor.node.cpu.semantics.PackedShifts;
import dev.simvisor.node.cpu.semantics.PackedShuffles;
import dev.simvisor.node.cpu.semantics.PortIo;
import dev.simvisor.node.cpu.semantics.ProcessorIdentification;
import dev.simvisor.node.cpu.semantics.Rotate;
import dev.simvisor.node.cpu.semantics.SegmentLoads;
import dev.simvisor.node.cpu.semantics.Shift;
import dev.simvisor.node.cpu.semantics.SimdMoves;
import dev.simvisor.node.cpu.semantics.SseArithmetic;
import dev.simvisor.node.cpu.semantics.SseComparison;
import dev.simvisor.node.cpu.semantics.SseConversion;
import dev.simvisor.node.cpu.semantics.Stack;
import dev.simvisor.node.cpu.semantics.Strings;
import dev.simvisor.node.cpu.semantics.SystemRegisters;
import dev.simvisor.node.cpu.semantics.X87Arithmetic;
import dev.simvisor.node.cpu.semantics.X87Comparison;
import dev.simvisor.node.cpu.semantics.X87Control;
import dev.simvisor.node.cpu.semantics.X87Environment;
import dev.simvisor.node.cpu.semantics.X87Functions;
import dev.simvisor.node.cpu.semantics.X87Moves;
import dev.simvisor.node.cpu.table.Row;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The semantic methods by name. A row's method carries the row's semantic name followed by the operand size ("add32"), or the
 * name alone when one method serves all sizes ("movzx").
 *
 * <p>Value style: after an optional {@code Cpu} come {@code k} parameters, the last k operands of the row in row order; what is
 * returned goes to the first operand. {@code int} carries 8, 16 and 32 bits, {@code long} 64; narrower operands are
 * zero-extended to what the parameter holds.
 *
 * <p>Instruction style: parameters {@code Cpu, Instruction}. The method does everything itself.
 */
public final class SemanticMethods {
    private static final List<Class<?>> FAMILIES = List.of(
            Arithmetic.class,
            BitOperations.class,
            Conditions.class,
            DataMovement.class,
            Decimal.class,
            DescriptorTables.class,
            Exchange.class,
            ExtendedState.class,
            FarTransfers.class,
            FastSystemCalls.class,
            FlagControl.class,
            Interrupts.class,
            Logic.class,
            MultiplyDivide.class,
            NearBranches.class,
            PackedIntegers.class,
            PackedShifts.class,
            PackedShuffles.class,
            PortIo.class,
            ProcessorIdentification.class,
            Rotate.class,
            SegmentLoads.class,
            Shift.class,
            SimdMoves.class,
            SseArithmetic.class,
            SseComparison.class,
            SseConversion.class,
            Stack.class,
            Strings.class,
            SystemRegisters.class,
            X87Arithmetic.class,
            X87Comparison.class,
            X87Control.class,
            X87Environment.class,
            X87Functions.class,
            X87Moves.class);

    private final Map<String, Method> methods = new HashMap<>();

    public SemanticMethods() {
        for (Class<?> family : FAMILIES) {
            for (Method method : family.getDeclaredMethods()) {
                if (!Modifier.isPublic(method.getModifiers()) || method.isSynthetic()) continue;
                Method twin = methods.put(method.getName(), method);
                if (twin != null) throw new IllegalStateException("two meanings: " + twin + " and " + method);
            }
        }
    }

    /** The method for a row at an operand size, or null when there is none. */
    public @Nullable Method find(Row row, int operandSize) {
        Method sized = methods.get(row.semantics() + operandSize);
        return sized != null ? sized : methods.get(row.semantics());
    }
}
