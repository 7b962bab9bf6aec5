package dev.simvisor.node.cpu.translator;

import static dev.simvisor.node.cpu.translator.DeferredFlags.sizeIndex;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.FLAG_B;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_A;
import static dev.simvisor.node.cpu.translator.RegionLocals.SCRATCH_B;
import static dev.simvisor.node.cpu.translator.RegionLocals.STEPPED;
import static dev.simvisor.node.cpu.translator.RegionLocals.register;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.InstructionEmitter;
import dev.simvisor.node.cpu.interpreter.Place;
import dev.simvisor.node.cpu.interpreter.Variant;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.mmu.PlainMemory;
import dev.simvisor.node.cpu.table.Attribute;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Emits one instruction of a region: operands are known, general registers are locals, flags are deferred. */
final class OperationEmitter extends InstructionEmitter {
    private static final ClassDesc PLAIN_MEMORY =
            PlainMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc LINEAR_MEMORY =
            LinearMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc FLAGS = Flags.class.describeConstable().orElseThrow();
    private static final ClassDesc LONGS = CD_long.arrayType();

    private final RegionCode region;
    private final FlagEmitter flags;
    private final Operation operation;
    private final Instruction instruction;
    private final Operation.Reach reach;
    private final int number;
    private final int ordinal;
    private final long blockDistance;
    private final boolean flagsMatter;
    private boolean keepsLowByte;

    /**
     * @param number of the instruction within the region
     * @param ordinal of the instruction within its block
     * @param blockDistance from the region's origin to the start of its block
     * @param flagsMatter whether somebody may see the flags that it leaves
     */
    OperationEmitter(
            RegionCode region, Operation operation, int number, int ordinal, long blockDistance, boolean flagsMatter) {
        super(region.code, operation.variant(), RegionLocals.CPU, RegionLocals.TEMPORARIES);
        this.region = region;
        this.flags = region.flags;
        this.operation = operation;
        this.instruction = operation.instruction();
        this.reach = operation.reach();
        this.number = number;
        this.ordinal = ordinal;
        this.blockDistance = blockDistance;
        this.flagsMatter = flagsMatter;
    }

    @Override
    public void emit() {
        emitAll();
        boolean stale = !keepsLowByte && operation.mayWrite(region.lowByte);
        // What is exchanged may be stored on one of two ways alone.
        if (stale || operation.isExchange()) region.lowByte = RegionCode.NO_REGISTER;
    }

    private void emitAll() {
        if (reach == Operation.Reach.EVERYTHING) {
            // The whole of it may look at registers: what is checked first, too.
            flags.settle();
            region.emitSpill(region.modified);
            region.emitProgress(ordinal, blockDistance);
            region.emitGuarded(number, super::emit);
            region.sseChecked = false;
            return;
        }
        if (reach == Operation.Reach.OPERANDS) {
            emitOnOperands();
            return;
        }
        if (variant.unit() != Variant.Unit.INTEGER) region.at(number);
        if (reach == Operation.Reach.FLAGS && needsFlags()) flags.settle();
        if (operation.isSimdMove()) emitSimdMove();
        else if (operation.isExchange() && reach == Operation.Reach.OWN) emitExchange();
        else if (reach == Operation.Reach.OWN && operation.name().equals("leave")) emitLeave();
        else super.emit();
    }

    private void emitOnOperands() {
        boolean changesFlags = (instruction.row.flagsWritten() | instruction.row.flagsUndefined()) != 0;
        if (changesFlags || instruction.row.flagsRead() != 0) flags.settle();
        region.emitSpill(operation.readRegisters());
        if (operation.usesProgress()) region.emitProgress(ordinal, blockDistance);
        region.at(number);
        super.emit();
        region.emitReload(operation.changedRegisters());
    }

    @Override
    protected void emitUnitCheck() {
        boolean sse = variant.unit() == Variant.Unit.SSE;
        if (!sse || !region.sseChecked) super.emitUnitCheck();
        region.sseChecked |= sse;
    }

    // ---- operands

    @Override
    protected void emitInstruction() {
        region.emitInstruction(number);
    }

    private int registerOf(Place place) {
        return switch (place.kind()) {
            case REG, MMX_REG, XMM_REG -> instruction.reg;
            default -> instruction.rm;
        };
    }

    @Override
    protected void emitRegisterNumber(Place place) {
        code.loadConstant(registerOf(place));
    }

    @Override
    protected void emitAddress(Place place, boolean write, int bits) {
        int segment = instruction.segment;
        boolean based = segment == SegmentRegister.FS || segment == SegmentRegister.GS;
        // Regions are of flat segments, but a code segment is flat for reading only.
        if (place.kind() != Place.Kind.MEMORY || !based && (region.wide || segment != SegmentRegister.CS)) {
            emitEffectiveAddress();
        } else if (region.wide) {
            code.aload(cpu)
                    .getfield(CPU, "effectiveBase", LONGS)
                    .loadConstant(segment)
                    .laload();
            emitEffectiveAddress();
            code.ladd();
        } else {
            code.aload(cpu).loadConstant(segment);
            emitEffectiveAddress();
            code.loadConstant(bits / 8);
            region.at(number);
            String method = write ? "writeAddress" : "readAddress";
            code.invokevirtual(CPU, method, MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_int));
        }
        code.lstore(linear);
    }

    @Override
    protected void emitEffectiveAddress() {
        int base = instruction.base;
        long displacement = instruction.displacement;
        boolean first = true;
        if (base == Instruction.BLOCK_RIP) {
            code.lload(RegionLocals.ORIGIN);
            displacement += blockDistance;
            first = false;
        } else if (base != Instruction.ZERO) {
            code.lload(register(base));
            first = false;
        }
        if (instruction.index != Instruction.ZERO) {
            code.lload(register(instruction.index));
            if (instruction.scale != 0) code.loadConstant(instruction.scale).lshl();
            if (!first) code.ladd();
            first = false;
        }
        if (displacement != 0 || first) {
            code.loadConstant(displacement);
            if (!first) code.ladd();
        }
        if (instruction.addressMask() != -1L)
            code.loadConstant(instruction.addressMask()).land();
    }

    @Override
    protected void emitLoadRegister(Place place, boolean asLong) {
        int operand = registerOf(place);
        switch (place.bits()) {
            case 64 -> {
                code.lload(register(operand));
                if (!asLong) code.l2i();
            }
            case 32 -> {
                code.lload(register(operand));
                if (asLong) zeroExtend();
                else code.l2i();
            }
            case 16 -> {
                code.lload(register(operand)).l2i().loadConstant(0xFFFF).iand();
                if (asLong) code.i2l();
            }
            default -> {
                emitLoadByte(operand);
                if (asLong) code.i2l();
            }
        }
    }

    private void emitLoadByte(int operand) {
        if (operand == region.lowByte) {
            code.iload(RegionLocals.LOW_BYTE);
            return;
        }
        code.lload(register(operand & 15)).l2i();
        if ((operand & Instruction.HIGH_BYTE) != 0) code.loadConstant(8).iushr();
        code.loadConstant(0xFF).iand();
    }

    @Override
    protected void emitStoreRegister(Place place) {
        if (place.bits() < 64) code.i2l();
        emitStore(registerOf(place), place.bits());
    }

    /** Pushes a general register as a long, zero-extended. */
    void emitLoad(int operand, int bits) {
        switch (bits) {
            case 64 -> code.lload(register(operand));
            case 32 -> {
                code.lload(register(operand));
                zeroExtend();
            }
            case 16 -> code.lload(register(operand)).loadConstant(0xFFFFL).land();
            default -> {
                emitLoadByte(operand);
                code.i2l();
            }
        }
    }

    /** Pops a long into a general register. */
    void emitStore(int operand, int bits) {
        switch (bits) {
            case 64 -> code.lstore(register(operand));
            case 32 -> {
                zeroExtend();
                code.lstore(register(operand));
            }
            case 16 -> emitMerge(operand, 0xFFFFL, 0);
            default -> {
                boolean high = (operand & Instruction.HIGH_BYTE) != 0;
                if (!high) {
                    code.dup2().l2i().loadConstant(0xFF).iand().istore(RegionLocals.LOW_BYTE);
                    region.lowByte = operand;
                    keepsLowByte = true;
                }
                emitMerge(operand & 15, 0xFFL, high ? 8 : 0);
            }
        }
    }

    private void emitMerge(int number, long mask, int shift) {
        code.loadConstant(mask).land();
        if (shift != 0) code.loadConstant(shift).lshl();
        code.lload(register(number)).loadConstant(~(mask << shift)).land().lor().lstore(register(number));
    }

    @Override
    protected void emitLoadCl() {
        emitLoadByte(Cpu.RCX);
    }

    @Override
    protected void emitLoadImmediate() {
        code.loadConstant(instruction.immediate);
    }

    // ---- memory

    @Override
    protected void emitRead(int bits, boolean forUpdate) {
        region.at(number);
        code.aload(RegionLocals.MEMORY).lload(RegionLocals.TLB).lload(linear);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        String method = (forUpdate ? "readForUpdate" : "read") + bits;
        emitWalks();
        code.invokestatic(PLAIN_MEMORY, method, MethodTypeDesc.of(type, LINEAR_MEMORY, CD_long, CD_long, CD_boolean));
    }

    @Override
    protected void emitWrite(int bits) {
        region.at(number);
        code.aload(RegionLocals.MEMORY).lload(RegionLocals.TLB).lload(linear);
        if (bits == 64) code.lload(low);
        else code.iload(low);
        ClassDesc type = bits == 64 ? CD_long : CD_int;
        emitWalks();
        code.invokestatic(
                PLAIN_MEMORY,
                "write" + bits,
                MethodTypeDesc.of(CD_void, LINEAR_MEMORY, CD_long, CD_long, type, CD_boolean));
    }

    /** Pushes whether a miss of the TLB is handled in place. */
    private void emitWalks() {
        code.loadConstant(region.walks ? 1 : 0);
    }

    private void emitExchange() {
        new ExchangeEmitter(code, flags, this, instruction, flagsMatter).emit(operation.name());
    }

    private void emitSimdMove() {
        emitUnitCheck();
        new SimdMoveEmitter(code, this, instruction).emit(variant.method().getName());
    }

    /** Pushes the memory operand as a long, zero-extended; {@code forUpdate} if {@link #emitUpdateMemory} is to follow. */
    void emitLoadMemory(int bits, boolean forUpdate) {
        emitAddress(new Place(Place.Kind.MEMORY, bits), forUpdate, bits);
        emitRead(bits, forUpdate);
        if (bits < 64) code.i2l();
        if (bits == 32) zeroExtend();
    }

    /** Pops a long and stores its low bits where it was loaded for update, which cannot fail. */
    void emitUpdateMemory(int bits) {
        if (bits == 64) code.lstore(low);
        else code.l2i().istore(low);
        emitWrite(bits);
    }

    /** Pops a long and stores its low 32 bits, or all, to the memory operand. */
    void emitStoreQuad(int bits) {
        if (bits == 64) code.lstore(low);
        else code.l2i().istore(low);
        emitAddress(new Place(Place.Kind.MEMORY, bits), true, bits);
        emitWrite(bits);
    }

    /** Loads the memory operand of 128 bits into two locals. */
    void emitLoadWhole(int lowHalf, int highHalf) {
        emitWholeAddress(false);
        emitRead(64, false);
        code.lstore(lowHalf);
        code.lload(linear).loadConstant(8L).ladd().lstore(linear);
        emitRead(64, false);
        code.lstore(highHalf);
    }

    void emitStoreWhole(int lowHalf, int highHalf) {
        emitWholeAddress(true);
        region.at(number);
        code.aload(RegionLocals.MEMORY).lload(RegionLocals.TLB).lload(linear);
        code.lload(lowHalf).lload(highHalf);
        emitWalks();
        code.invokestatic(
                PLAIN_MEMORY,
                "write128",
                MethodTypeDesc.of(CD_void, LINEAR_MEMORY, CD_long, CD_long, CD_long, CD_long, CD_boolean));
    }

    private void emitWholeAddress(boolean write) {
        emitAddress(new Place(Place.Kind.MEMORY, 128), write, 128);
        if (instruction.row.has(Attribute.ALIGNED)) emitCheckAligned();
    }

    // ---- what is done

    @Override
    protected boolean passesCpu() {
        return super.passesCpu() && reach != Operation.Reach.OWN && !isFlagless();
    }

    /** Whether a method that changes flags in the processor must find them there. */
    private boolean needsFlags() {
        if (isFlagless()) return false;
        return operation.asksForFlags() || flagsMatter && !operation.overwritesFlags();
    }

    private boolean isFlagless() {
        return !flagsMatter && operation.hasFlaglessForm();
    }

    private void emitWithFlags() {
        if (isFlagless()) {
            new FlaglessEmitter(code, bits()).emit(operation.name());
            return;
        }
        region.at(number);
        super.emitOperation();
        flags.haveBeenSet();
    }

    @Override
    protected void emitOperation() {
        switch (reach) {
            case OWN -> emitOwn();
            case PURE -> super.emitOperation();
            case FLAGS -> emitWithFlags();
            case UNIT, OPERANDS -> {
                region.at(number);
                super.emitOperation();
            }
            case ACCUMULATOR -> {
                region.emitSpill(RegionCode.ACCUMULATOR);
                region.at(number);
                super.emitOperation();
                region.emitReload(RegionCode.ACCUMULATOR);
                if (instruction.row.flagsWritten() != 0) flags.haveBeenSet();
            }
            case EVERYTHING -> {
                super.emitOperation();
                region.emitReload(region.used);
            }
        }
    }

    private int bits() {
        return Integer.parseInt(variant.method().getName().replaceAll("^\\D+", ""));
    }

    private void emitOwn() {
        if (operation.isCondition()) {
            emitCondition();
            return;
        }
        if (operation.usesAccumulator()) {
            region.at(number);
            new AccumulatorEmitter(code, flags, flagsMatter).emit(operation.name(), bits());
            return;
        }
        switch (operation.name()) {
            case "mov", "movzx", "lea", "nop" -> {}
            case "movsxb" -> code.i2b().i2l();
            case "movsxw" -> code.i2s().i2l();
            case "movsxd" -> code.i2l();
            case "not" -> code.loadConstant(-1L).lxor();
            case "add" -> emitAddition();
            case "adc", "sbb" -> emitWithCarry(operation.name().equals("adc"));
            case "sub" -> emitSubtraction(true);
            case "cmp" -> emitSubtraction(false);
            case "neg" -> emitNegation();
            case "and", "or", "xor", "test" -> emitLogic();
            case "inc" -> emitStep(DeferredFlags.INC, 1);
            case "dec" -> emitStep(DeferredFlags.DEC, -1);
            case "imul" -> emitProduct();
            case "shl", "shr", "sar" -> emitShift();
            case "push" -> emitPush(bits());
            case "pop" -> emitPop(bits());
            default -> throw new IllegalStateException(operation.name() + " has no bytecode");
        }
    }

    /** Moves both operands into the flags' locals. */
    private void emitKeepOperands(boolean wide) {
        if (!wide) emitExtended();
        code.lstore(FLAG_B);
        if (!wide) emitExtended();
        code.lstore(FLAG_A);
    }

    /** Turns an int into a long, zero-extended. */
    private void emitExtended() {
        code.i2l();
        zeroExtend();
    }

    private void emitLoadOperands(boolean wide) {
        code.lload(FLAG_A);
        if (!wide) code.l2i();
        code.lload(FLAG_B);
        if (!wide) code.l2i();
    }

    private void emitAddition() {
        int bits = bits();
        boolean wide = bits == 64;
        emitKeepOperands(wide);
        emitLoadOperands(wide);
        if (wide) code.ladd();
        else code.iadd();
        setFlags(DeferredFlags.ADD + sizeIndex(bits));
    }

    private void emitSubtraction(boolean result) {
        int bits = bits();
        boolean wide = bits == 64;
        emitKeepOperands(wide);
        if (result) {
            emitLoadOperands(wide);
            if (wide) code.lsub();
            else code.isub();
        }
        setFlags(DeferredFlags.SUB + sizeIndex(bits));
    }

    /** ADC or SBB of 32 or 64 bits. */
    private void emitWithCarry(boolean add) {
        boolean wide = bits() == 64;
        if (!wide) code.i2l();
        code.lstore(SCRATCH_B);
        if (!wide) code.i2l();
        code.lstore(SCRATCH_A);
        flags.emitCarry();
        code.i2l().lstore(low).lload(SCRATCH_A).lload(SCRATCH_B);
        if (add) code.ladd().lload(low).ladd();
        else code.lsub().lload(low).lsub();
        if (!wide) code.l2i().i2l();
        code.lstore(low);
        if (flagsMatter) emitCarryFlags(add ? "addAux" : "subAux", wide);
        code.lload(low);
        if (!wide) code.l2i();
    }

    /** Flags of the operands in SCRATCH_A and SCRATCH_B and the result in {@link #low}. */
    private void emitCarryFlags(String method, boolean wide) {
        ClassDesc type = wide ? CD_long : CD_int;
        for (int local : new int[] {SCRATCH_A, SCRATCH_B, low}) {
            code.lload(local);
            if (!wide) code.l2i();
        }
        code.invokestatic(FLAGS, method + bits(), MethodTypeDesc.of(CD_long, type, type, type))
                .lstore(FLAG_B);
        code.lload(low).lstore(FLAG_A);
        setFlags(DeferredFlags.COMPUTED);
    }

    private void setFlags(int kind) {
        if (flagsMatter) flags.set(kind);
    }

    private void emitNegation() {
        int bits = bits();
        boolean wide = bits == 64;
        if (!wide) emitExtended();
        code.lstore(FLAG_B).lconst_0().lstore(FLAG_A);
        code.lload(FLAG_B);
        if (wide) code.lneg();
        else code.l2i().ineg();
        setFlags(DeferredFlags.SUB + sizeIndex(bits));
    }

    private void emitLogic() {
        int bits = bits();
        boolean wide = bits == 64;
        switch (operation.name()) {
            case "or" -> {
                if (wide) code.lor();
                else code.ior();
            }
            case "xor" -> {
                if (wide) code.lxor();
                else code.ixor();
            }
            default -> {
                if (wide) code.land();
                else code.iand();
            }
        }
        if (!operation.name().equals("test")) {
            if (wide) code.dup2();
            else code.dup();
        }
        if (!wide) emitExtended();
        code.lstore(FLAG_A);
        setFlags(DeferredFlags.LOGIC + sizeIndex(bits));
    }

    private void emitStep(int step, int by) {
        int bits = bits();
        if (bits == 64) {
            code.dup2().lstore(STEPPED).loadConstant((long) by).ladd();
        } else {
            code.dup();
            emitExtended();
            code.lstore(STEPPED).loadConstant(by).iadd();
        }
        if (flagsMatter) flags.step(step + sizeIndex(bits));
    }

    private void emitProduct() {
        int bits = bits();
        boolean wide = bits == 64;
        if (bits == 16) {
            code.i2s().istore(low).i2s().iload(low);
        }
        emitKeepOperands(wide);
        emitLoadOperands(wide);
        if (wide) code.lmul();
        else code.imul();
        setFlags(DeferredFlags.IMUL + sizeIndex(bits));
    }

    /** The count is known; none leaves operand and flags alone. */
    private void emitShift() {
        int bits = bits();
        boolean wide = bits == 64;
        int count = operation.count();
        code.pop();
        if (count == 0) return;
        if (!wide) emitExtended();
        code.lstore(FLAG_A).loadConstant((long) count).lstore(FLAG_B);
        code.lload(FLAG_A);
        if (!wide) code.l2i();
        if (bits == 8 && operation.name().equals("sar")) code.i2b();
        if (bits == 16 && operation.name().equals("sar")) code.i2s();
        code.loadConstant(count);
        int kind = switch (operation.name()) {
            case "shl" -> {
                if (wide) code.lshl();
                else code.ishl();
                yield DeferredFlags.SHL;
            }
            case "shr" -> {
                if (wide) code.lushr();
                else code.iushr();
                yield DeferredFlags.SHR;
            }
            default -> {
                if (wide) code.lshr();
                else code.ishr();
                yield DeferredFlags.SAR;
            }
        };
        setFlags(kind + sizeIndex(bits));
    }

    /** SETcc pushes 0 or 1; CMOVcc chooses between the two operands on the stack. */
    private void emitCondition() {
        String name = operation.name();
        Label holds = code.newLabel();
        Label end = code.newLabel();
        if (name.startsWith("set")) {
            flags.jumpIf(name.substring("set".length()), holds);
            code.iconst_0().istore(low).goto_(end);
            code.labelBinding(holds);
            code.iconst_1().istore(low);
            code.labelBinding(end);
            code.iload(low);
            return;
        }
        code.lstore(SCRATCH_B).lstore(SCRATCH_A);
        flags.jumpIf(name.substring("cmov".length()), holds);
        code.lload(SCRATCH_A).lstore(low).goto_(end);
        code.labelBinding(holds);
        code.lload(SCRATCH_B).lstore(low);
        code.labelBinding(end);
        code.lload(low);
    }

    // ---- the stack, in its full width

    private void emitPush(int bits) {
        if (bits == 64) code.lstore(low);
        else code.istore(low);
        emitPushLow(bits);
    }

    /** Pushes what is in {@link #low}. */
    void emitPushLow(int bits) {
        emitMoved(-bits / 8);
        code.lstore(linear);
        emitWrite(bits);
        code.lload(linear).lstore(register(Cpu.RSP));
    }

    private void emitPop(int bits) {
        emitMoved(0);
        code.lstore(linear);
        emitRead(bits, false);
        emitMoved(bits / 8);
        code.lstore(register(Cpu.RSP));
    }

    /** The stack pointer, moved. */
    void emitMoved(long bytes) {
        code.lload(register(Cpu.RSP));
        if (bytes != 0) code.loadConstant(bytes).ladd();
        if (!region.wide) zeroExtend();
    }

    /** Pushes what is on top of the stack, as a long, and leaves the stack as it is. */
    void emitPeek(int bits) {
        emitMoved(0);
        code.lstore(linear);
        emitRead(bits, false);
        if (bits == 32) {
            code.i2l();
            zeroExtend();
        }
    }

    /** Moves the stack pointer past so many bytes. */
    void emitRelease(long bytes) {
        emitMoved(bytes);
        code.lstore(register(Cpu.RSP));
    }

    /** Pushes the target of an indirect branch, a long. */
    void emitTarget() {
        Place target = variant.sources().getFirst();
        if (target.isMemory()) {
            emitAddress(target, false, target.bits());
            emitRead(target.bits(), false);
        } else {
            emitLoadRegister(target, target.bits() == 64);
        }
        if (target.bits() == 32) {
            code.i2l();
            zeroExtend();
        }
    }

    private void emitLeave() {
        int bits = instruction.operandSize;
        code.lload(register(Cpu.RBP));
        if (!region.wide) zeroExtend();
        code.lstore(linear);
        emitRead(bits, false);
        if (bits == 32) {
            code.i2l();
            zeroExtend();
        }
        code.lstore(SCRATCH_A);
        code.lload(linear).loadConstant((long) bits / 8).ladd();
        if (!region.wide) zeroExtend();
        code.lstore(register(Cpu.RSP));
        code.lload(SCRATCH_A).lstore(register(Cpu.RBP));
    }
}
