package dev.simvisor.node.vmm.para.domain;

import com.google.protobuf.ByteString;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.proto.state.CallbackState;
import dev.simvisor.proto.state.ParavirtualVcpuState;
import dev.simvisor.proto.state.RunStateState;
import dev.simvisor.proto.state.TrapEntryState;
import java.util.ArrayList;
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
        state.addAllTraps(traps(vcpu)).addAllCallbacks(saveCallbacks(vcpu));
        for (int page = 0; page < vcpu.gdtPages; page++) state.addGdtFrames(vcpu.gdtFrames[page]);
        for (int page = 0; page < Vcpu.ldtPages(vcpu.ldtEntries); page++) {
            state.addLdtFrames(vcpu.ldtFrames.getOrDefault(page, DomainMemory.NONE));
        }
        BitSet polling = vcpu.polling;
        if (polling != null) state.setPolling(true).setPolledPorts(ByteString.copyFrom(polling.toByteArray()));
        return state.build();
    }

    static List<TrapEntryState> traps(Vcpu vcpu) {
        List<TrapEntryState> traps = new ArrayList<>();
        for (int vector = 0; vector < VECTORS; vector++) {
            if (vcpu.traps.address(vector) != 0) traps.add(save(vcpu.traps, vector));
        }
        return traps;
    }

    static List<CallbackState> saveCallbacks(Vcpu vcpu) {
        return callbacks(vcpu).stream()
                .map(callback -> CallbackState.newBuilder()
                        .setAddress(callback.address())
                        .setDisablesEvents(callback.disablesEvents())
                        .build())
                .toList();
    }

    static List<Callback> callbacks(Vcpu vcpu) {
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
}
