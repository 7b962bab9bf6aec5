package dev.simvisor.node.vmm.para.domain;

import com.google.protobuf.ByteString;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.proto.state.CallbackState;
import dev.simvisor.proto.state.ParavirtualVcpuState;
import dev.simvisor.proto.state.RunStateState;
import dev.simvisor.proto.state.TrapEntryState;
import java.util.BitSet;
import java.util.List;

/** A paravirtual vCPU's state as a message, and back. To be used between two runs. */
final class VcpuStateCodec {
    private static final int VECTORS = 256;

    private VcpuStateCodec() {}

    static ParavirtualVcpuState save(Vcpu vcpu) {
        ParavirtualVcpuState.Builder state = ParavirtualVcpuState.newBuilder()
                .setProcessor(CpuStateCodec.save(vcpu.cpu()))
                .setInitialised(vcpu.isInitialised())
                .setKernelMode(vcpu.inKernel())
                .setKernelTable(vcpu.kernelTable())
                .setUserTable(vcpu.userTable())
                .setInfoAddress(vcpu.infoAddress)
                .setInfoMoved(vcpu.infoMoved)
                .setKernelStack(vcpu.kernelStack)
                .setKernelStackSelector(vcpu.kernelStackSelector)
                .setVirtualIopl(vcpu.virtualIopl)
                .setLdtEntries(vcpu.ldtEntries)
                .setRunState(save(vcpu.runState))
                .setPeriodNanos(vcpu.periodNanos)
                .setTimeRenewedNanos(vcpu.time.renewedNanos)
                .setYielded(vcpu.yielded);
        for (int vector = 0; vector < VECTORS; vector++) {
            if (vcpu.traps.address(vector) != 0) state.addTraps(save(vcpu.traps, vector));
        }
        for (Callback callback : callbacks(vcpu)) {
            state.addCallbacks(CallbackState.newBuilder()
                    .setAddress(callback.address())
                    .setDisablesEvents(callback.disablesEvents()));
        }
        for (int page = 0; page < vcpu.gdtPages; page++) state.addGdtFrames(vcpu.gdtFrames[page]);
        for (int page = 0; page < Vcpu.ldtPages(vcpu.ldtEntries); page++) {
            state.addLdtFrames(vcpu.ldtFrames.getOrDefault(page, DomainMemory.NONE));
        }
        BitSet polling = vcpu.polling;
        if (polling != null) state.setPolling(true).setPolledPorts(ByteString.copyFrom(polling.toByteArray()));
        return state.build();
    }

    private static List<Callback> callbacks(Vcpu vcpu) {
        return List.of(vcpu.event, vcpu.failsafe, vcpu.syscall, vcpu.sysenter, vcpu.syscall32, vcpu.nmi);
    }

    private static TrapEntryState save(TrapTable traps, int vector) {
        return TrapEntryState.newBuilder()
                .setVector(vector)
                .setFlags(traps.flags(vector))
                .setSelector(traps.selector(vector))
                .setAddress(traps.address(vector))
                .build();
    }

    private static RunStateState save(RunStateClock clock) {
        RunStateState.Builder state = RunStateState.newBuilder()
                .setState(clock.state.ordinal())
                .setEnteredNanos(clock.enteredNanos)
                .setArea(clock.area);
        for (long nanos : clock.nanos) state.addNanos(nanos);
        return state.build();
    }

    /** The domain's frames have been restored, but for the uses that vCPUs make of them. */
    static void restore(Vcpu vcpu, ParavirtualVcpuState state) {
        vcpu.initialised(state.getInitialised());
        vcpu.restoreInfo(state.getInfoAddress(), state.getInfoMoved());
        for (TrapEntryState trap : state.getTrapsList()) {
            vcpu.traps.set(trap.getVector(), trap.getFlags(), trap.getSelector(), trap.getAddress());
        }
        List<Callback> callbacks = callbacks(vcpu);
        for (int n = 0; n < callbacks.size(); n++) {
            CallbackState callback = state.getCallbacks(n);
            callbacks.get(n).set(callback.getAddress(), callback.getDisablesEvents());
        }
        vcpu.kernelStack = state.getKernelStack();
        vcpu.kernelStackSelector = state.getKernelStackSelector();
        vcpu.virtualIopl = state.getVirtualIopl();
        if (state.getKernelTable() != DomainMemory.NONE) vcpu.kernelTable(state.getKernelTable());
        if (state.getUserTable() != DomainMemory.NONE) vcpu.userTable(state.getUserTable());
        vcpu.gdt(state.getGdtFramesList().stream().mapToInt(Integer::intValue).toArray());
        vcpu.restoreLdt(state.getLdtFramesList(), state.getLdtEntries());
        restore(vcpu.runState, state.getRunState());
        vcpu.polling =
                state.getPolling() ? BitSet.valueOf(state.getPolledPorts().toByteArray()) : null;
        vcpu.periodNanos = state.getPeriodNanos();
        vcpu.time.renewedNanos = state.getTimeRenewedNanos();
        vcpu.yielded = state.getYielded();
        CpuStateCodec.restore(vcpu.cpu(), state.getProcessor());
        vcpu.kernelMode = state.getKernelMode();
        vcpu.engine().flushCode();
        vcpu.flushTlb();
    }

    private static void restore(RunStateClock clock, RunStateState state) {
        clock.state = RunState.values()[state.getState()];
        clock.enteredNanos = state.getEnteredNanos();
        clock.area = state.getArea();
        for (int n = 0; n < clock.nanos.length; n++) clock.nanos[n] = state.getNanos(n);
    }
}
