package dev.simvisor.node.cpu;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.mmu.LinearMemory;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.system.TransferStack;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The architectural state of one x86-64 processor, and what is cached from it for speed.
 *
 * <p>Fields are public because the instruction semantics, which live in families of static methods, are this class's
 * body: see the package documentation for who writes what. A field with a comment "cached" follows from others and is
 * recomputed by {@link #updateMode}; it is never part of saved state.
 */
public final class Cpu {
    public static final int RAX = 0;
    public static final int RCX = 1;
    public static final int RDX = 2;
    public static final int RBX = 3;
    public static final int RSP = 4;
    public static final int RBP = 5;
    public static final int RSI = 6;
    public static final int RDI = 7;

    /** RAX to R15, then {@link Instruction#ZERO} and {@link Instruction#BLOCK_RIP}. */
    public final long[] gpr;

    /** Offset in CS of the next instruction; within a block see {@link #instructionPointer}. */
    public long rip;

    /** Arithmetic flags, see {@link Flags}. */
    public long flagResult = 1;

    public long flagAux;

    /** All of RFLAGS but the arithmetic flags; bit 1 is always set. */
    public int otherFlags = Flags.RESERVED_ONE;

    // Segment registers, indexed by SegmentRegister.
    public final int[] selector = new int[SegmentRegister.COUNT];
    public final long[] segmentBase = new long[SegmentRegister.COUNT];
    /** In bytes, granularity applied: 0 to FFFFFFFFH. */
    public final long[] segmentLimit = new long[SegmentRegister.COUNT];
    /** See {@link AccessRights}. */
    public final int[] segmentRights = new int[SegmentRegister.COUNT];

    public long gdtrBase;
    public int gdtrLimit;
    public long idtrBase;
    public int idtrLimit;

    public long cr0;
    public long cr2;
    public long cr3;
    public long cr4;
    /** PDPTE registers of PAE paging, loaded with CR3 (SDM Vol 3A §4.4.1). */
    public final long[] pdpte = new long[4];

    /** DR0 to DR3, unused, unused, DR6, DR7. */
    public final long[] dr;

    public final ModelSpecificRegisters msr = new ModelSpecificRegisters();

    // SIMD and floating point. XMM n is at [2n] (low) and [2n + 1] (high).
    public final long[] xmm;
    public int mxcsr = 0x1F80;
    public final FpuState fpu;
    /** Working state of SSE arithmetic; nothing of it outlives an instruction. */
    public final FloatEnvironment sseArithmetic = new FloatEnvironment();

    // The world outside the processor.
    public final SystemBus bus;
    public final CpuModel model;
    public InterruptController interruptController = NoInterrupts.INSTANCE;
    public TimestampCounter timestampCounter = this::instructionsExecuted;
    public final LinearMemory memory;
    /** What takes time beside instructions; see {@link #chargeTo}. */
    public ProcessorCosts costs = ProcessorCosts.NONE;

    private LongConsumer clock = cycles -> {};

    /** What a PAUSE tells, of a processor that others wait for: that it waits for one of them. */
    private @Nullable Runnable spinning;

    /** Working storage of the far transfer in progress; empty between instructions. */
    public final TransferStack transferStack = new TransferStack();

    // Cached from the above by updateMode().
    public int cpl;
    public boolean protectedMode;
    public boolean virtual8086;
    /** EFER.LMA. */
    public boolean longMode;
    /** Size of the current code segment: 16, 32 or 64. */
    public int codeSize = 16;
    /** Width of the stack pointer: 16, 32 or 64. */
    public int stackSize = 16;

    public long stackMask = 0xFFFF;
    /** Whether ES, CS, SS and DS all span the whole address space from zero, so that an offset is a linear address. */
    public boolean flatSegments;

    /** Counts what may have changed a segment register, but for {@link #privilegeChanges}; equal counts of both mean equal segment registers. */
    public long segmentChanges;
    /** Counts transfers within 64-bit mode that change CS and SS and no other: system calls, interrupts, returns from them. */
    public long privilegeChanges;

    /** Segment base that address computation adds: zero in 64-bit mode but for FS and GS. */
    public final long[] effectiveBase = new long[SegmentRegister.COUNT];
    /** Lowest offset, with the sign bit inverted, at which a read of up to 16 bytes needs the full segment check. */
    public final long[] readCheck = new long[SegmentRegister.COUNT];

    public final long[] writeCheck = new long[SegmentRegister.COUNT];

    // Progress within run().
    /** Instructions completed before the current block. */
    public long completedInstructions;
    /** Index in the current block of the instruction that is executing: that many of the block are complete. */
    public int position;
    /** The interpreter leaves the block before the instruction at this index; lowered to end a block early. */
    public int blockEnd;
    /** The value of {@link #instructionsExecuted} at which the current run() ends. */
    public long runLimit;
    /** Something other than the next block has to be looked at before going on: interrupts, traps, exits. */
    public boolean attention;
    /** STI, MOV SS and POP SS hold off interrupts until after the next instruction (SDM Vol 3A §6.8.3). */
    public boolean interruptShadow;
    /** The interrupt shadow comes from a load of SS, which holds off debug traps too (SDM Vol 3A §6.8.3). */
    public boolean debugShadow;

    public boolean nmiPending;
    public boolean nmiBlocked;
    /** Pending debug-exception conditions for DR6, raised after the instruction. */
    public long pendingDebugTraps;
    /** The instruction that executes is a software interrupt: TF is cleared without a trap (SDM Vol 3B §17.3.1.4). */
    public boolean singleStepDropped;
    /** Of the delivery in progress: faults of tasks that it switched to, before their first instruction; 0 between instructions. */
    public int faultsOfNewTasks;
    /** Stopped by HLT until an interrupt. */
    public boolean halted;
    /** Stopped by a fault while a double fault was delivered. */
    public boolean shutdown;

    // Under a VMM (see Exit).
    /** Ring 0 belongs to a VMM outside: every exception leaves the engine's run() instead of entering a handler. */
    public boolean deprivileged;
    /** What replaces instructions of ring 1 as they are decoded, or null. */
    public @Nullable TranslationPass translationPass;
    /** The control structure in force in VMX non-root operation, else null. */
    public @Nullable ControlStructure nonRoot;
    /** Why the last run ended before its instructions were executed. */
    public final Exit exit = new Exit();

    /** A debugger's, outside the machine. */
    public final InTargetProbe probe;

    private final GuestException exception = new GuestException();

    public Cpu(SystemBus bus, CpuModel model) {
        this(bus, model, new InTargetProbe());
    }

    /** @param probe which may be that of all processors of a machine */
    public Cpu(SystemBus bus, CpuModel model, InTargetProbe probe) {
        this.bus = bus;
        this.model = model;
        this.gpr = new long[18];
        this.dr = new long[8];
        this.xmm = new long[32];
        this.fpu = new FpuState();
        this.probe = probe;
        this.memory = new LinearMemory(this);
        CpuReset.reset(this);
    }

    /**
     * A processor of the same model whose general, debug, XMM and floating-point registers (but not MXCSR) are those of
     * {@code other}, as is its probe: the physical processor that runs a guest, beside the virtual one that the guest believes
     * in.
     */
    public Cpu(SystemBus bus, Cpu other) {
        this.bus = bus;
        this.model = other.model;
        this.gpr = other.gpr;
        this.dr = other.dr;
        this.xmm = other.xmm;
        this.fpu = other.fpu;
        this.probe = other.probe;
        this.memory = new LinearMemory(this);
        CpuReset.reset(this);
    }

    /** INIT, between two instructions: registers as after power-up, but for what INIT leaves alone (SDM Vol 3A table 9-1). */
    public void initialize() {
        CpuReset.initialize(this);
        segmentChanges++;
        attention = true;
    }

    /** Begins, between two instructions, at 4 KiB times {@code vector} in real mode, as a start-up message says (§9.4.4.1). */
    public void startUp(int vector) {
        selector[SegmentRegister.CS] = vector << 8;
        segmentBase[SegmentRegister.CS] = (long) vector << 12;
        rip = 0;
        updateMode();
        segmentChanges++;
        attention = true;
    }

    // ---- exceptions

    /** The exception to throw: {@code throw cpu.raise(vector)}. For vectors without an error code. */
    public GuestException raise(int vector) {
        exception.vector = vector;
        exception.errorCode = 0;
        exception.hasErrorCode = false;
        exception.nonCanonical = false;
        return exception;
    }

    /** For vectors with an error code. */
    public GuestException raise(int vector, int errorCode) {
        exception.vector = vector;
        exception.errorCode = errorCode;
        exception.hasErrorCode = true;
        exception.nonCanonical = false;
        return exception;
    }

    public GuestException generalProtection(int errorCode) {
        return raise(GuestException.GENERAL_PROTECTION, errorCode);
    }

    /** #GP(0) for an address with unequal upper bits; see {@link GuestException#nonCanonical}. */
    public GuestException nonCanonical() {
        GuestException fault = generalProtection(0);
        fault.nonCanonical = true;
        return fault;
    }

    /** What ends the run before the present instruction; the caller has filled in {@link #exit}. */
    public GuestException leave() {
        return raise(GuestException.EXIT);
    }

    public GuestException undefinedOpcode() {
        return raise(GuestException.INVALID_OPCODE);
    }

    public GuestException pageFault(long linearAddress, int errorCode) {
        exception.faultAddress = linearAddress;
        return raise(GuestException.PAGE_FAULT, errorCode);
    }

    // ---- flags

    public int rflags() {
        return otherFlags | Flags.arithmetic(flagResult, flagAux);
    }

    /** Sets every flag. The caller has applied privilege rules; interrupts are looked at again. */
    public void rflags(int flags) {
        arithmeticFlags(flags);
        int changed = otherFlags ^ flags;
        otherFlags = flags & ~Flags.ARITHMETIC | Flags.RESERVED_ONE;
        if ((changed & (Flags.AC | Flags.VM)) != 0) updateMode();
        attention = true;
    }

    public void arithmeticFlags(int flags) {
        flagResult = Flags.resultOf(flags);
        flagAux = Flags.auxOf(flags);
    }

    public boolean interruptsEnabled() {
        return (otherFlags & Flags.IF) != 0;
    }

    public int ioPrivilegeLevel() {
        return otherFlags >>> 12 & 3;
    }

    public boolean directionDown() {
        return (otherFlags & Flags.DF) != 0;
    }

    // ---- 8-bit registers

    /** An 8-bit register operand, zero-extended; see {@link Instruction#HIGH_BYTE}. */
    public int reg8(int operand) {
        return (int) (gpr[operand & 15] >>> ((operand & 16) >>> 1)) & 0xFF;
    }

    public void reg8(int operand, int value) {
        int shift = (operand & 16) >>> 1;
        gpr[operand & 15] = gpr[operand & 15] & ~(0xFFL << shift) | (value & 0xFFL) << shift;
    }

    public int reg16(int operand) {
        return (int) gpr[operand] & 0xFFFF;
    }

    public void reg16(int operand, int value) {
        gpr[operand] = gpr[operand] & ~0xFFFFL | value & 0xFFFFL;
    }

    public int reg32(int operand) {
        return (int) gpr[operand];
    }

    /** Writes a 32-bit register: bits 63:32 become zero. */
    public void reg32(int operand, int value) {
        gpr[operand] = value & 0xFFFF_FFFFL;
    }

    /** Register {@code operand} as {@code size} (16, 32 or 64) bits, zero-extended. */
    public long reg(int operand, int size) {
        long value = gpr[operand];
        return size == 64 ? value : size == 32 ? value & 0xFFFF_FFFFL : value & 0xFFFF;
    }

    public void reg(int operand, int size, long value) {
        if (size == 64) gpr[operand] = value;
        else if (size == 32) reg32(operand, (int) value);
        else reg16(operand, (int) value);
    }

    // ---- addresses

    /** The effective address (offset in its segment) of an instruction's memory operand. */
    public long effectiveAddress(Instruction i) {
        return (gpr[i.base] + (gpr[i.index] << i.scale) + i.displacement) & i.addressMask();
    }

    /** As {@link #effectiveAddress}, of an operand without an index register. */
    public long effectiveAddressOfBase(Instruction i) {
        return gpr[i.base] + i.displacement & i.addressMask();
    }

    /** Linear address of the memory operand for a read of {@code size} bytes; raises #GP or #SS if outside the segment. */
    public long readAddress(Instruction i, int size) {
        return readAddress(i.segment, effectiveAddress(i), size);
    }

    public long writeAddress(Instruction i, int size) {
        return writeAddress(i.segment, effectiveAddress(i), size);
    }

    /** As {@link #readAddress}, for operands of more than 16 bytes. */
    public long readRange(Instruction i, int size) {
        return SegmentCheck.read(this, i.segment, effectiveAddress(i), size);
    }

    public long writeRange(Instruction i, int size) {
        return SegmentCheck.write(this, i.segment, effectiveAddress(i), size);
    }

    public long readAddress(int segment, long offset, int size) {
        if ((offset ^ Long.MIN_VALUE) >= readCheck[segment]) {
            return SegmentCheck.read(this, segment, offset, size);
        }
        return effectiveBase[segment] + offset;
    }

    public long writeAddress(int segment, long offset, int size) {
        if ((offset ^ Long.MIN_VALUE) >= writeCheck[segment]) {
            return SegmentCheck.write(this, segment, offset, size);
        }
        return effectiveBase[segment] + offset;
    }

    // ---- progress

    /** Instructions completed since reset, exact at any moment, also within a port or device access. */
    public long instructionsExecuted() {
        return completedInstructions + position;
    }

    /** Offset in CS of the first instruction after {@code i}. */
    public long nextRip(Instruction i) {
        return gpr[Instruction.BLOCK_RIP] + i.nextOffset() & ripMask();
    }

    /** Offset in CS of {@code i} itself. */
    public long currentRip(Instruction i) {
        return gpr[Instruction.BLOCK_RIP] + i.offset & ripMask();
    }

    /** Linear address of the next instruction, between two of them. */
    public long linearInstructionPointer() {
        return codeSize == 64 ? rip : segmentBase[SegmentRegister.CS] + rip & 0xFFFF_FFFFL;
    }

    public long ripMask() {
        return codeSize == 64 ? -1L : 0xFFFF_FFFFL;
    }

    /** Ends the current block after the instruction that is executing, so that interrupts and changed code are looked at. */
    public void endBlock() {
        blockEnd = 0;
        attention = true;
    }

    /**
     * Makes events take time: {@code clock} is told each one's virtual cycles as it happens, mostly in the midst of an
     * instruction.
     */
    public void chargeTo(ProcessorCosts eventCosts, LongConsumer eventClock) {
        costs = eventCosts;
        clock = eventClock;
        memory.followCosts();
    }

    /** Lets virtual cycles pass that an event takes. */
    public void charge(long cycles) {
        if (cycles != 0) clock.accept(cycles);
    }

    /** Tells whoever shares this processor's time, at each PAUSE, that it waits for another processor to do something. */
    public void onPause(Runnable listener) {
        spinning = listener;
    }

    /** PAUSE: a hint that the program waits in a loop. */
    public void pause() {
        if (spinning != null) spinning.run();
    }

    // ---- mode

    public void updateMode() {
        CpuMode.update(this);
    }

    /** As much of {@link #updateMode} as follows from CS and SS: what a transfer to another privilege level changes. */
    public void updateCodeAndStack() {
        CpuMode.updateCodeAndStack(this);
    }

    /** As much of {@link #updateMode} as follows from one data segment register. */
    public void updateSegment(int segment) {
        CpuMode.updateDataSegment(this, segment);
    }
}
