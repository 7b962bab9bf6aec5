package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.RegionLocals.AT;
import static dev.simvisor.node.cpu.translator.RegionLocals.BUDGET;
import static dev.simvisor.node.cpu.translator.RegionLocals.CPU;
import static dev.simvisor.node.cpu.translator.RegionLocals.ENTRANCE;
import static dev.simvisor.node.cpu.translator.RegionLocals.EXECUTED;
import static dev.simvisor.node.cpu.translator.RegionLocals.EXIT;
import static dev.simvisor.node.cpu.translator.RegionLocals.GPR;
import static dev.simvisor.node.cpu.translator.RegionLocals.MEMORY;
import static dev.simvisor.node.cpu.translator.RegionLocals.ORIGIN;
import static dev.simvisor.node.cpu.translator.RegionLocals.RAISED;
import static dev.simvisor.node.cpu.translator.RegionLocals.REGION;
import static dev.simvisor.node.cpu.translator.RegionLocals.TLB;
import static java.lang.classfile.ClassFile.ACC_FINAL;
import static java.lang.classfile.ClassFile.ACC_PROTECTED;
import static java.lang.classfile.ClassFile.ACC_PUBLIC;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Block;
import dev.simvisor.node.cpu.interpreter.HandlerTable;
import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import dev.simvisor.node.cpu.interpreter.Region;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Emits a planned region as a class with one method. */
final class RegionCompiler {
    private static final ClassDesc CPU_CLASS = InstructionEmitter.CPU;
    private static final ClassDesc LAYOUT =
            Region.Layout.class.describeConstable().orElseThrow();
    private static final ClassDesc WARMTH =
            Region.Warmth.class.describeConstable().orElseThrow();
    private static final ClassDesc RUNTIME_EXCEPTION =
            RuntimeException.class.describeConstable().orElseThrow();
    private static final ClassDesc LINEAR_MEMORY =
            LinearMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final MethodTypeDesc STOP =
            MethodTypeDesc.of(CD_void, CPU_CLASS, RUNTIME_EXCEPTION, CD_long, CD_int, CD_int);
    private static final int LARGEST_BUDGET = 1 << 30;

    private final RegionPlan plan;
    private final List<List<Operation>> operations = new ArrayList<>();
    private final int[] firstNumbers;
    private final BitSet used = new BitSet();
    private final BitSet modified = new BitSet();
    private final boolean wide;

    RegionCompiler(RegionPlan plan, HandlerTable handlers) {
        this.plan = plan;
        this.wide = plan.wide();
        firstNumbers = new int[plan.nodes().size()];
        int number = 0;
        for (int n = 0; n < firstNumbers.length; n++) {
            firstNumbers[n] = number;
            List<Operation> ofNode = new ArrayList<>();
            for (Instruction instruction : plan.nodes().get(n).instructions()) {
                Operation operation = new Operation(instruction, handlers.variant(instruction.handler));
                operation.addUsed(used);
                operation.addWritten(modified);
                ofNode.add(operation);
                number++;
            }
            operations.add(ofNode);
        }
    }

    Region.Layout layout() {
        int count = plan.instructions();
        Block[] blocks = new Block[count];
        Instruction[] instructions = new Instruction[count];
        int[] distances = new int[count];
        int[] ordinals = new int[count];
        int number = 0;
        for (RegionPlan.Node node : plan.nodes()) {
            int ordinal = 0;
            for (Instruction instruction : node.instructions()) {
                blocks[number] = node.block();
                instructions[number] = instruction;
                distances[number] = (int) node.distance() + instruction.offset;
                ordinals[number++] = ordinal++;
            }
        }
        long[] entrances = plan.entrances().stream()
                .mapToLong(entrance -> plan.nodes().get(entrance).distance())
                .toArray();
        return new Region.Layout(blocks, instructions, distances, ordinals, count, wide ? 64 : 32, entrances);
    }

    /** The class file. */
    byte[] bytecode(String name) {
        ClassDesc self = ClassDesc.of(RegionCompiler.class.getPackageName(), name);
        return ClassFile.of().build(self, builder -> {
            builder.withFlags(ACC_PUBLIC | ACC_FINAL).withSuperclass(RegionCode.REGION_CLASS);
            builder.withMethodBody(
                    INIT_NAME,
                    MethodTypeDesc.of(CD_void, LAYOUT, WARMTH),
                    ACC_PUBLIC,
                    code -> code.aload(0)
                            .aload(1)
                            .aload(2)
                            .invokespecial(
                                    RegionCode.REGION_CLASS, INIT_NAME, MethodTypeDesc.of(CD_void, LAYOUT, WARMTH))
                            .return_());
            builder.withMethodBody(
                    "execute",
                    MethodTypeDesc.of(CD_void, CPU_CLASS, CD_long, CD_int),
                    ACC_PROTECTED | ACC_FINAL,
                    code -> new Body(code).emit());
        });
    }

    /** The method. */
    private final class Body {
        private final CodeBuilder code;
        private final RegionCode region;
        private final FlagEmitter flags;
        private final Label[] starts;
        private final Label leave;
        private final int[] predecessors;
        private final Map<Integer, FlagEmitter.Knowledge> knowledge = new HashMap<>();
        private int current;
        /** Operations of the current block, and those that are certain to follow. */
        private List<Operation> straightOn = List.of();

        Body(CodeBuilder code) {
            this.code = code;
            this.region = new RegionCode(code, wide, used, modified);
            this.flags = region.flags;
            this.leave = code.newLabel();
            starts = new Label[plan.nodes().size()];
            predecessors = new int[starts.length];
            for (int n = 0; n < starts.length; n++) starts[n] = code.newLabel();
            for (RegionPlan.Node node : plan.nodes()) {
                for (long distance : plan.successors(node)) {
                    int number = plan.number(distance);
                    if (number >= 0) predecessors[number]++;
                }
            }
            // What else leads to a block: returns, and the dispatcher.
            for (long distance : plan.returnPoints()) {
                if (plan.number(distance) >= 0) predecessors[plan.number(distance)] += 2;
            }
            for (int entrance : plan.entrances()) {
                if (entrance != 0) predecessors[entrance] += 2;
            }
        }

        void emit() {
            Label start = code.newLabel();
            Label end = code.newLabel();
            emitPrologue();
            code.labelBinding(start);
            for (current = 0; current < starts.length; current++) emitNode();
            code.labelBinding(end);
            emitEpilogue(start, end);
        }

        private void emitPrologue() {
            Label entered = code.newLabel();
            code.iload(ENTRANCE).ifge(entered).return_().labelBinding(entered);
            code.aload(CPU).getfield(CPU_CLASS, "gpr", LONGS).astore(GPR);
            code.aload(CPU).getfield(CPU_CLASS, "memory", LINEAR_MEMORY).astore(MEMORY);
            code.aload(MEMORY).invokevirtual(LINEAR_MEMORY, "dataEntries", MethodTypeDesc.of(CD_long));
            code.lstore(TLB);
            code.lload(ORIGIN).lstore(EXIT);
            code.iconst_0().istore(EXECUTED);
            code.iconst_0().istore(AT);
            code.iconst_0().istore(RegionLocals.KIND);
            code.iconst_0().istore(RegionLocals.STEP);
            for (int local : new int[] {RegionLocals.FLAG_A, RegionLocals.FLAG_B, RegionLocals.STEPPED}) {
                code.lconst_0().lstore(local);
            }
            emitBudget();
            region.emitReload(used);
            flags.assume(predecessors[0] == 0 ? FlagEmitter.Knowledge.IN_PROCESSOR : FlagEmitter.Knowledge.NONE);
            knowledge.put(0, flags.known());
            List<SwitchCase> cases = new ArrayList<>();
            for (int n = 1; n < plan.entrances().size(); n++) {
                cases.add(SwitchCase.of(n, starts[plan.entrances().get(n)]));
            }
            if (!cases.isEmpty()) code.iload(ENTRANCE).tableswitch(starts[0], cases);
        }

        private void emitBudget() {
            code.aload(CPU).getfield(CPU_CLASS, "runLimit", CD_long);
            code.aload(CPU)
                    .getfield(CPU_CLASS, "completedInstructions", CD_long)
                    .lsub();
            code.loadConstant((long) LARGEST_BUDGET);
            code.invokestatic(
                    Math.class.describeConstable().orElseThrow(), "min", MethodTypeDesc.of(CD_long, CD_long, CD_long));
            code.l2i().loadConstant(plan.instructions()).isub().istore(BUDGET);
        }

        /** Leaves for rIP in EXIT with EXECUTED instructions done; then, what an exception does. */
        private void emitEpilogue(Label start, Label end) {
            code.labelBinding(leave).lineNumber(RegionListing.FIRST_LINE - 1);
            region.emitSpill(modified);
            FlagEmitter.emitSettle(code);
            code.aload(CPU).lload(EXIT).putfield(CPU_CLASS, "rip", CD_long);
            code.aload(CPU).iload(EXECUTED).putfield(CPU_CLASS, "position", CD_int);
            code.return_();
            Label spilled = code.newLabel();
            for (RegionCode.Range range : region.guarded) {
                code.exceptionCatch(range.start(), range.end(), spilled, RUNTIME_EXCEPTION);
            }
            Label raised = code.newLabel();
            code.exceptionCatch(start, end, raised, RUNTIME_EXCEPTION);
            code.labelBinding(raised).astore(RAISED);
            region.emitSpill(modified);
            FlagEmitter.emitSettle(code);
            emitStop();
            if (!region.guarded.isEmpty()) {
                code.labelBinding(spilled).astore(RAISED);
                emitStop();
            }
        }

        private void emitStop() {
            code.aload(REGION)
                    .aload(CPU)
                    .aload(RAISED)
                    .lload(ORIGIN)
                    .iload(EXECUTED)
                    .iload(AT);
            code.invokevirtual(RegionCode.REGION_CLASS, "stop", STOP).return_();
        }

        // ---- blocks

        private RegionPlan.Node node() {
            return plan.nodes().get(current);
        }

        private void emitNode() {
            RegionPlan.Node node = node();
            code.labelBinding(starts[current]);
            region.forgetAt();
            region.walks = node.walks();
            boolean single = predecessors[current] <= 1 && (current != 0 || predecessors[0] == 0);
            flags.assume(
                    single ? knowledge.getOrDefault(current, FlagEmitter.Knowledge.NONE) : FlagEmitter.Knowledge.NONE);
            if (node.crossesPage()) emitCheckSecondPage();
            straightOn = straightOn(current);
            List<Operation> ofNode = operations.get(current);
            Ending ending = Ending.of(node.last());
            int straight = ending == Ending.NONE && !last().callsOut() ? ofNode.size() : ofNode.size() - 1;
            for (int k = 0; k < straight; k++) {
                emitLine(k);
                emitOperation(ofNode.get(k), k);
            }
            emitLine(straight);
            if (last().callsOut()) {
                emitCallout();
                return;
            }
            switch (ending) {
                case NONE -> emitGoTo(node.end());
                case CONDITIONAL -> emitConditional();
                case JUMP -> emitGoTo(plan.target(node));
                case CALL -> emitCall();
                case RETURN -> emitReturn();
                case JUMP_INDIRECT, CALL_INDIRECT -> emitIndirect(ending == Ending.CALL_INDIRECT);
                case STRING -> emitString();
                case STATE_CHANGE -> emitStateChange();
                case STI -> emitSti();
                case SYSTEM_CALL -> emitSystemCall();
                case OTHER -> emitOther();
            }
        }

        /** The operations of a block, and of the blocks that it goes straight on to without a check. */
        private List<Operation> straightOn(int number) {
            RegionPlan.Node node = plan.nodes().get(number);
            List<Operation> path = new ArrayList<>(operations.get(number));
            if (Ending.of(node.last()) != Ending.NONE) return path;
            int next = plan.number(node.end());
            if (next > number && plan.samePage(node.end(), node.distance())) path.addAll(straightOn(next));
            return path;
        }

        /** Profilers and listings know an instruction's code by its line number. */
        private void emitLine(int ordinal) {
            int last = Math.min(ordinal, operations.get(current).size() - 1);
            code.lineNumber(RegionListing.FIRST_LINE + firstNumbers[current] + last);
        }

        /** The interpreter executes what crosses into a page that is not mapped as it was. */
        private void emitCheckSecondPage() {
            Label mapped = code.newLabel();
            emitFetches(node().end(), node().block().secondPage);
            code.ifne(mapped);
            emitLeaveTo(node().distance(), 0);
            code.labelBinding(mapped);
        }

        /** Pushes whether the page at a distance is known to be mapped to that frame. */
        private void emitFetches(long distance, long frame) {
            code.aload(MEMORY);
            region.emitRip(distance);
            code.loadConstant(frame);
            code.invokevirtual(LINEAR_MEMORY, "fetches", MethodTypeDesc.of(CD_boolean, CD_long, CD_long));
        }

        private Operation last() {
            return operations.get(current).getLast();
        }

        private int count() {
            return operations.get(current).size();
        }

        private OperationEmitter emitter(Operation operation, int ordinal) {
            boolean flagsMatter = !FlagLiveness.dead(straightOn, ordinal);
            return new OperationEmitter(
                    region, operation, firstNumbers[current] + ordinal, ordinal, node().distance(), flagsMatter);
        }

        private void emitOperation(Operation operation, int ordinal) {
            emitter(operation, ordinal).emit();
            // A device, or a store to code, may want the processor's attention.
            if (operation.mayAskForAttention()) emitLeaveForAttention(operation, ordinal);
        }

        // ---- going on

        /** Leaves behind an instruction if something wants the processor's attention. */
        private void emitLeaveForAttention(Operation operation, int ordinal) {
            Label undisturbed = code.newLabel();
            code.aload(CPU).getfield(CPU_CLASS, "attention", CD_boolean).ifeq(undisturbed);
            emitLeaveTo(node().distance() + operation.instruction().nextOffset(), ordinal + 1);
            code.labelBinding(undisturbed);
        }

        /** Leaves with so many of the block's instructions executed. */
        private void emitLeaveTo(long distance, int executed) {
            region.emitRip(distance);
            code.lstore(EXIT);
            emitLeave(executed);
        }

        private void emitLeave(int executed) {
            code.iinc(EXECUTED, executed).goto_(leave);
        }

        /** Goes on at a distance, the whole block being executed: within the region, if it has code there. */
        private void emitGoTo(long distance) {
            int target = plan.number(distance);
            if (target < 0) {
                emitLeaveTo(distance, count());
                return;
            }
            code.iinc(EXECUTED, count());
            Label away = code.newLabel();
            boolean otherPage = !plan.samePage(distance, node().distance());
            if (otherPage) {
                emitFetches(distance, plan.frame(distance));
                code.ifeq(away);
            }
            if (target > current) {
                if (predecessors[target] == 1) knowledge.put(target, flags.known());
                code.goto_(starts[target]);
                if (!otherPage) return;
            } else {
                code.iload(EXECUTED).iload(BUDGET).if_icmple(starts[target]);
            }
            code.labelBinding(away);
            emitLeaveTo(distance, 0);
        }

        private void emitConditional() {
            Label taken = code.newLabel();
            flags.jumpIf(last().name().substring(1), taken);
            FlagEmitter.Knowledge known = flags.known();
            emitGoTo(node().end());
            code.labelBinding(taken);
            flags.assume(known);
            emitGoTo(plan.target(node()));
        }

        // ---- calls and returns

        /** Pushes the address of what follows the block. */
        private void emitPushReturnAddress() {
            region.emitRip(node().end());
            if (wide) code.lstore(RegionLocals.TEMPORARIES + 2);
            else code.l2i().istore(RegionLocals.TEMPORARIES + 2);
            emitter(last(), count() - 1).emitPushLow(wide ? 64 : 32);
        }

        private void emitCall() {
            emitPushReturnAddress();
            emitGoTo(plan.target(node()));
        }

        private void emitReturn() {
            OperationEmitter emitter = emitter(last(), count() - 1);
            emitter.emitPeek(wide ? 64 : 32);
            code.lstore(EXIT);
            emitCheckTarget();
            emitter.emitRelease((wide ? 8 : 4) + (last().instruction().immediate & 0xFFFF));
            emitGoToOneOf(plan.returnPoints());
        }

        /** Goes on at EXIT, the whole block being executed: within the region, if that is one of these distances. */
        private void emitGoToOneOf(List<Long> distances) {
            List<SwitchCase> cases = distances.stream()
                    .filter(distance -> plan.number(distance) >= 0)
                    .sorted()
                    .distinct()
                    .map(distance -> SwitchCase.of((int) (long) distance, code.newLabel()))
                    .toList();
            Label elsewhere = code.newLabel();
            if (!cases.isEmpty()) {
                code.lload(EXIT).lload(ORIGIN).lsub();
                if (wide) {
                    code.lstore(RegionLocals.SCRATCH_A);
                    code.lload(RegionLocals.SCRATCH_A).l2i().i2l();
                    code.lload(RegionLocals.SCRATCH_A).lcmp().ifne(elsewhere);
                    code.lload(RegionLocals.SCRATCH_A);
                }
                code.l2i().lookupswitch(elsewhere, cases);
            }
            FlagEmitter.Knowledge known = flags.known();
            for (SwitchCase found : cases) {
                code.labelBinding(found.target());
                flags.assume(known);
                emitGoTo(found.caseValue());
            }
            code.labelBinding(elsewhere);
            emitLeave(count());
        }

        /** A target in EXIT that is not canonical: the interpreter shall execute the branch. */
        private void emitCheckTarget() {
            if (!wide) return;
            Label canonical = code.newLabel();
            code.lload(EXIT).invokestatic(LINEAR_MEMORY, "canonical", MethodTypeDesc.of(CD_boolean, CD_long));
            code.ifne(canonical);
            emitLeaveBeforeLast();
            code.labelBinding(canonical);
        }

        private void emitIndirect(boolean call) {
            emitter(last(), count() - 1).emitTarget();
            code.lstore(EXIT);
            emitCheckTarget();
            if (call) emitPushReturnAddress();
            List<Long> targets = new ArrayList<>(plan.successors(node()));
            if (call) targets.remove(node().end());
            emitGoToOneOf(targets);
        }

        // ---- what methods do

        private void emitString() {
            code.aload(CPU);
            region.emitRip(node().end());
            code.putfield(CPU_CLASS, "rip", CD_long);
            emitter(last(), count() - 1).emit();
            emitBudget();
            Label undisturbed = code.newLabel();
            Label otherwise = code.newLabel();
            code.aload(CPU).getfield(CPU_CLASS, "attention", CD_boolean).ifne(otherwise);
            code.aload(CPU).getfield(CPU_CLASS, "rip", CD_long);
            region.emitRip(node().end());
            code.lcmp().ifne(otherwise);
            // Its iterations may have used up what was left.
            code.iload(EXECUTED).loadConstant(count()).iadd().iload(BUDGET).if_icmple(undisturbed);
            code.labelBinding(otherwise);
            code.aload(CPU).getfield(CPU_CLASS, "rip", CD_long).lstore(EXIT);
            emitLeave(count());
            code.labelBinding(undisturbed);
            emitGoTo(node().end());
        }

        private void emitStateChange() {
            emitter(last(), count() - 1).emit();
            emitLeaveForAttention(last(), count() - 1);
            emitGoTo(node().end());
        }

        /** To go on without looking for interrupts is allowed only where the next instruction is certain to execute. */
        private void emitSti() {
            long next = node().end();
            boolean certain = plan.number(next) > current && plan.samePage(next, node().distance());
            if (!certain || last().variant().intercepted()) {
                emitStateChange();
                return;
            }
            Label undisturbed = code.newLabel();
            region.at(firstNumbers[current] + count() - 1);
            code.aload(REGION).aload(CPU);
            code.invokevirtual(RegionCode.REGION_CLASS, "goesOnAfterSti", MethodTypeDesc.of(CD_boolean, CPU_CLASS));
            code.ifne(undisturbed);
            emitLeaveTo(next, count());
            code.labelBinding(undisturbed);
            emitGoTo(next);
        }

        /** The VMM executes the last instruction. */
        private void emitCallout() {
            code.aload(REGION).aload(CPU).loadConstant(firstNumbers[current] + count() - 1);
            code.invokevirtual(RegionCode.REGION_CLASS, "callOut", MethodTypeDesc.of(CD_void, CPU_CLASS, CD_int));
            emitLeaveBeforeLast();
        }

        private void emitLeaveBeforeLast() {
            emitLeaveTo(node().distance() + last().instruction().offset, count() - 1);
        }

        private void emitSystemCall() {
            Label executed = code.newLabel();
            code.aload(REGION).aload(CPU).loadConstant(firstNumbers[current] + count() - 1);
            code.invokevirtual(
                    RegionCode.REGION_CLASS, "leavesSystemCall", MethodTypeDesc.of(CD_boolean, CPU_CLASS, CD_int));
            code.ifeq(executed);
            emitLeaveBeforeLast();
            code.labelBinding(executed);
            emitOther();
        }

        private void emitOther() {
            code.aload(CPU);
            region.emitRip(node().end());
            code.putfield(CPU_CLASS, "rip", CD_long);
            emitter(last(), count() - 1).emit();
            code.aload(CPU).iload(EXECUTED).loadConstant(count()).iadd();
            code.putfield(CPU_CLASS, "position", CD_int);
            code.return_();
        }
    }
}
