package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.Feature;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.Row;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A semantic method together with the places its operands come from and its result goes to: what one handler does. Rows that
 * differ in encoding alone share a variant.
 *
 * @param sources places of the method's value parameters; empty in instruction style
 * @param destination place of the result, or null when nothing is returned
 * @param intercepted whether the instruction is one that may leave non-root operation instead
 * @param unit what has to be usable before the instruction may run
 */
public record Variant(
        Method method,
        List<Place> sources,
        @Nullable Place destination,
        Unit unit,
        boolean lanes,
        boolean aligned,
        boolean mxcsr,
        boolean intercepted) {

    /** The part of the processor whose availability (CR0.EM, CR0.TS, CR4.OSFXSR) a handler checks first. */
    public enum Unit {
        INTEGER,
        X87,
        /** x87 instructions that leave a pending exception pending. */
        X87_NO_WAIT,
        MMX,
        SSE
    }

    static Variant of(Row row, Method method, int operandSize, Form form) {
        Unit unit = unit(row);
        if (instructionStyle(method)) {
            return new Variant(
                    method, List.of(), null, unit, false, false, row.has(Attribute.MXCSR), row.intercept() != null);
        }
        List<Operand> operands = row.operands();
        int values = method.getParameterCount() - (takesCpu(method) ? 1 : 0);
        if (values > operands.size()) {
            throw new IllegalStateException(row + ": " + method.getName() + " takes " + values + " values");
        }
        List<Place> sources = new ArrayList<>();
        for (Operand operand : operands.subList(operands.size() - values, operands.size())) {
            Place source = Place.of(operand, operandSize, form);
            sources.add(source.kind() == Place.Kind.IMMEDIATE ? extended(source, row, operandSize) : source);
        }
        boolean returns = method.getReturnType() != void.class;
        Place destination = returns ? Place.of(operands.getFirst(), operandSize, form) : null;
        return new Variant(
                method,
                sources,
                destination,
                unit,
                row.has(Attribute.LANES),
                row.has(Attribute.ALIGNED),
                row.has(Attribute.MXCSR),
                row.intercept() != null);
    }

    /**
     * An immediate beside a general register or memory is sign-extended to that operand's size (SDM Vol 2A §2.2.1.5), one that
     * is pushed to the operand size.
     */
    private static Place extended(Place immediate, Row row, int operandSize) {
        if (row.has(Attribute.D64)) return new Place(Place.Kind.IMMEDIATE, operandSize);
        Operand first = row.operands().getFirst();
        boolean general = first.kind().general() || first.kind() == OperandKind.O;
        return general ? new Place(Place.Kind.IMMEDIATE, first.size().bits(operandSize)) : immediate;
    }

    private static Unit unit(Row row) {
        if (row.needs(Feature.X87)) return row.has(Attribute.NOWAIT) ? Unit.X87_NO_WAIT : Unit.X87;
        boolean mmx = row.operands().stream().anyMatch(operand -> switch (operand.kind()) {
            case P, N -> true; // Q as a source of CVTPI2PS may be memory, which is no use of MMX
            default -> false;
        });
        if (mmx || row.needs(Feature.MMX)) return Unit.MMX;
        boolean xmm = row.operands().stream().anyMatch(operand -> switch (operand.kind()) {
            case V, W, U -> true;
            default -> false;
        });
        return xmm || row.has(Attribute.MXCSR) ? Unit.SSE : Unit.INTEGER;
    }

    public static boolean instructionStyle(Method method) {
        return List.of(method.getParameterTypes()).contains(Instruction.class);
    }

    public static boolean takesCpu(Method method) {
        return method.getParameterCount() > 0 && method.getParameterTypes()[0] == Cpu.class;
    }

    /** Whether the destination is memory that is read first. */
    public boolean updatesMemory() {
        return destination != null && destination.isMemory() && sources.contains(destination);
    }

    /** For the handler's method name: readable in stack traces and profiles. */
    public String label() {
        StringBuilder label = new StringBuilder(method.getName());
        if (destination != null) label.append('_').append(destination.kind()).append(destination.bits());
        for (Place source : sources) label.append('_').append(source.kind()).append(source.bits());
        return label.toString();
    }
}
