package dev.simvisor.node.cpu;

import dev.simvisor.proto.state.CpuState;
import dev.simvisor.proto.state.DescriptorTableState;
import dev.simvisor.proto.state.FpuStateMessage;
import dev.simvisor.proto.state.ModelSpecificRegistersState;
import dev.simvisor.proto.state.SegmentState;
import java.util.List;

/** A processor's architectural state as a message, and back. To be used between two runs. */
public final class CpuStateCodec {
    public static final int VERSION = 1;
    private static final int GENERAL_REGISTERS = 16;

    private CpuStateCodec() {}

    public static CpuState save(Cpu cpu) {
        CpuState.Builder state = CpuState.newBuilder()
                .setVersion(VERSION)
                .setModel(cpu.model.name())
                .setInstructionPointer(cpu.rip)
                .setFlags(cpu.rflags())
                .setGdtr(DescriptorTableState.newBuilder().setBase(cpu.gdtrBase).setLimit(cpu.gdtrLimit))
                .setIdtr(DescriptorTableState.newBuilder().setBase(cpu.idtrBase).setLimit(cpu.idtrLimit))
                .setCr0(cpu.cr0)
                .setCr2(cpu.cr2)
                .setCr3(cpu.cr3)
                .setCr4(cpu.cr4)
                .setModelSpecific(save(cpu.msr))
                .setMxcsr(cpu.mxcsr)
                .setFpu(save(cpu.fpu))
                .setInstructionsExecuted(cpu.instructionsExecuted())
                .setHalted(cpu.halted)
                .setShutdown(cpu.shutdown)
                .setInterruptShadow(cpu.interruptShadow)
                .setNmiPending(cpu.nmiPending)
                .setNmiBlocked(cpu.nmiBlocked)
                .setPendingDebugTraps(cpu.pendingDebugTraps)
                .setDebugShadow(cpu.debugShadow);
        for (int n = 0; n < GENERAL_REGISTERS; n++) state.addGeneralRegisters(cpu.gpr[n]);
        for (int segment = 0; segment < SegmentRegister.COUNT; segment++) state.addSegments(save(cpu, segment));
        for (long entry : cpu.pdpte) state.addPageDirectoryPointers(entry);
        for (long register : cpu.dr) state.addDebugRegisters(register);
        for (long half : cpu.xmm) state.addXmm(half);
        return state.build();
    }

    private static SegmentState save(Cpu cpu, int segment) {
        return SegmentState.newBuilder()
                .setSelector(cpu.selector[segment])
                .setBase(cpu.segmentBase[segment])
                .setLimit((int) cpu.segmentLimit[segment])
                .setAccessRights(cpu.segmentRights[segment])
                .build();
    }

    private static ModelSpecificRegistersState save(ModelSpecificRegisters msr) {
        ModelSpecificRegistersState.Builder state = ModelSpecificRegistersState.newBuilder()
                .setEfer(msr.efer)
                .setStar(msr.star)
                .setLstar(msr.lstar)
                .setCstar(msr.cstar)
                .setSyscallMask(msr.syscallMask)
                .setKernelGsBase(msr.kernelGsBase)
                .setSysenterCs(msr.sysenterCs)
                .setSysenterEsp(msr.sysenterEsp)
                .setSysenterEip(msr.sysenterEip)
                .setPat(msr.pat)
                .setTscOffset(msr.tscOffset)
                .setTscAux(msr.tscAux)
                .setMiscEnable(msr.miscEnable)
                .setMtrrDefaultType(msr.mtrrDefaultType);
        for (long range : msr.mtrrFixed) state.addMtrrFixed(range);
        for (long range : msr.mtrrVariable) state.addMtrrVariable(range);
        return state.build();
    }

    private static FpuStateMessage save(FpuState fpu) {
        FpuStateMessage.Builder state = FpuStateMessage.newBuilder()
                .setControl(fpu.control)
                .setStatus(fpu.status)
                .setTop(fpu.top)
                .setEmpty(fpu.empty)
                .setLastOpcode(fpu.lastOpcode)
                .setLastInstructionSelector(fpu.lastInstructionSelector)
                .setLastInstructionPointer(fpu.lastInstructionPointer)
                .setLastDataSelector(fpu.lastDataSelector)
                .setLastDataPointer(fpu.lastDataPointer);
        for (long significand : fpu.significand) state.addSignificands(significand);
        for (int signExponent : fpu.signExponent) state.addSignExponents(signExponent);
        return state.build();
    }

    /**
     * Puts a processor of the same model into a saved state. Its caches are emptied; decoded code is its engine's to flush.
     *
     * @throws IllegalArgumentException naming what does not fit: an unknown version, another model, a wrong count
     */
    public static void restore(Cpu cpu, CpuState state) {
        if (state.getVersion() != VERSION) {
            throw new IllegalArgumentException(
                    "processor state has version " + state.getVersion() + ", expected " + VERSION);
        }
        if (!state.getModel().equals(cpu.model.name())) {
            throw new IllegalArgumentException("processor state belongs to CPU model " + state.getModel()
                    + ", the processor is a " + cpu.model.name());
        }
        copy(state.getGeneralRegistersList(), cpu.gpr, GENERAL_REGISTERS, "general registers");
        copy(state.getPageDirectoryPointersList(), cpu.pdpte, cpu.pdpte.length, "page directory pointers");
        copy(state.getDebugRegistersList(), cpu.dr, cpu.dr.length, "debug registers");
        copy(state.getXmmList(), cpu.xmm, cpu.xmm.length, "XMM halves");
        if (state.getSegmentsCount() != SegmentRegister.COUNT) {
            throw new IllegalArgumentException("processor state has " + state.getSegmentsCount()
                    + " segment registers, expected " + SegmentRegister.COUNT);
        }
        for (int segment = 0; segment < SegmentRegister.COUNT; segment++) {
            restore(cpu, segment, state.getSegments(segment));
        }
        restore(cpu.msr, state.getModelSpecific());
        restore(cpu.fpu, state.getFpu());
        restoreScalars(cpu, state);
        cpu.memory.invalidateAll();
        cpu.updateMode();
    }

    private static void restoreScalars(Cpu cpu, CpuState state) {
        cpu.rip = state.getInstructionPointer();
        cpu.arithmeticFlags(state.getFlags());
        cpu.otherFlags = state.getFlags() & ~Flags.ARITHMETIC | Flags.RESERVED_ONE;
        cpu.gdtrBase = state.getGdtr().getBase();
        cpu.gdtrLimit = state.getGdtr().getLimit();
        cpu.idtrBase = state.getIdtr().getBase();
        cpu.idtrLimit = state.getIdtr().getLimit();
        cpu.cr0 = state.getCr0();
        cpu.cr2 = state.getCr2();
        cpu.cr3 = state.getCr3();
        cpu.cr4 = state.getCr4();
        cpu.mxcsr = state.getMxcsr();
        cpu.completedInstructions = state.getInstructionsExecuted();
        cpu.position = 0;
        cpu.halted = state.getHalted();
        cpu.shutdown = state.getShutdown();
        cpu.interruptShadow = state.getInterruptShadow();
        cpu.debugShadow = state.getDebugShadow();
        cpu.nmiPending = state.getNmiPending();
        cpu.nmiBlocked = state.getNmiBlocked();
        cpu.pendingDebugTraps = state.getPendingDebugTraps();
    }

    private static void restore(Cpu cpu, int segment, SegmentState state) {
        cpu.selector[segment] = state.getSelector();
        cpu.segmentBase[segment] = state.getBase();
        cpu.segmentLimit[segment] = state.getLimit() & 0xFFFF_FFFFL;
        cpu.segmentRights[segment] = state.getAccessRights();
    }

    private static void restore(ModelSpecificRegisters msr, ModelSpecificRegistersState state) {
        msr.efer = state.getEfer();
        msr.star = state.getStar();
        msr.lstar = state.getLstar();
        msr.cstar = state.getCstar();
        msr.syscallMask = state.getSyscallMask();
        msr.kernelGsBase = state.getKernelGsBase();
        msr.sysenterCs = state.getSysenterCs();
        msr.sysenterEsp = state.getSysenterEsp();
        msr.sysenterEip = state.getSysenterEip();
        msr.pat = state.getPat();
        msr.tscOffset = state.getTscOffset();
        msr.tscAux = state.getTscAux();
        msr.miscEnable = state.getMiscEnable();
        msr.mtrrDefaultType = state.getMtrrDefaultType();
        copy(state.getMtrrFixedList(), msr.mtrrFixed, msr.mtrrFixed.length, "fixed MTRRs");
        copy(state.getMtrrVariableList(), msr.mtrrVariable, msr.mtrrVariable.length, "variable MTRRs");
    }

    private static void restore(FpuState fpu, FpuStateMessage state) {
        copy(state.getSignificandsList(), fpu.significand, fpu.significand.length, "x87 registers");
        if (state.getSignExponentsCount() != fpu.signExponent.length) {
            throw new IllegalArgumentException("processor state has " + state.getSignExponentsCount()
                    + " x87 exponents, expected " + fpu.signExponent.length);
        }
        for (int n = 0; n < fpu.signExponent.length; n++) fpu.signExponent[n] = state.getSignExponents(n);
        fpu.control = state.getControl();
        fpu.status = state.getStatus();
        fpu.top = state.getTop() & 7;
        fpu.empty = state.getEmpty();
        fpu.lastOpcode = state.getLastOpcode();
        fpu.lastInstructionSelector = state.getLastInstructionSelector();
        fpu.lastInstructionPointer = state.getLastInstructionPointer();
        fpu.lastDataSelector = state.getLastDataSelector();
        fpu.lastDataPointer = state.getLastDataPointer();
    }

    private static void copy(List<Long> from, long[] to, int count, String what) {
        if (from.size() != count) {
            throw new IllegalArgumentException(
                    "processor state has " + from.size() + " " + what + ", expected " + count);
        }
        for (int n = 0; n < count; n++) to[n] = from.get(n);
    }
}
