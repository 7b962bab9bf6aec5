package dev.simvisor.node.cpu.nonroot;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;

/**
 * What VM entries load from the guest-state area and VM exits store there (SDM Vol 3C §25.4, §27.3, §28.3). General, debug,
 * XMM and x87 registers are shared by both processors instead. That is more than VMX does for debug registers and MSRs,
 * which a VMM would switch by hand or by MSR-load areas.
 *
 * <p>A VMM keeps to itself what concerns events that it has not injected yet: pending NMIs, the HLT activity state.
 */
final class GuestState {
    private GuestState() {}

    static void copy(Cpu from, Cpu to) {
        to.rip = from.rip;
        to.flagResult = from.flagResult;
        to.flagAux = from.flagAux;
        to.otherFlags = from.otherFlags;
        System.arraycopy(from.selector, 0, to.selector, 0, SegmentRegister.COUNT);
        System.arraycopy(from.segmentBase, 0, to.segmentBase, 0, SegmentRegister.COUNT);
        System.arraycopy(from.segmentLimit, 0, to.segmentLimit, 0, SegmentRegister.COUNT);
        System.arraycopy(from.segmentRights, 0, to.segmentRights, 0, SegmentRegister.COUNT);
        to.gdtrBase = from.gdtrBase;
        to.gdtrLimit = from.gdtrLimit;
        to.idtrBase = from.idtrBase;
        to.idtrLimit = from.idtrLimit;
        to.cr0 = from.cr0;
        to.cr2 = from.cr2;
        to.cr3 = from.cr3;
        to.cr4 = from.cr4;
        System.arraycopy(from.pdpte, 0, to.pdpte, 0, from.pdpte.length);
        to.mxcsr = from.mxcsr;
        copy(from.msr, to.msr);
        to.interruptShadow = from.interruptShadow;
        to.debugShadow = from.debugShadow;
        to.nmiBlocked = from.nmiBlocked;
        to.pendingDebugTraps = from.pendingDebugTraps;
        to.completedInstructions = from.completedInstructions;
        to.position = 0;
        to.updateMode();
    }

    /** The registers that a guest may be let to write itself; the others a VMM keeps in the guest-state area. */
    private static void copy(ModelSpecificRegisters from, ModelSpecificRegisters to) {
        to.efer = from.efer;
        to.star = from.star;
        to.lstar = from.lstar;
        to.cstar = from.cstar;
        to.syscallMask = from.syscallMask;
        to.kernelGsBase = from.kernelGsBase;
        to.sysenterCs = from.sysenterCs;
        to.sysenterEsp = from.sysenterEsp;
        to.sysenterEip = from.sysenterEip;
        to.pat = from.pat;
        to.tscAux = from.tscAux;
    }
}
