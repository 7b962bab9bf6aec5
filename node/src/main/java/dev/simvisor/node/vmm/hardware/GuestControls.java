package dev.simvisor.node.vmm.hardware;

import static dev.simvisor.node.cpu.nonroot.ControlStructure.ACTIVATE_SECONDARY_CONTROLS;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.CR8_LOAD_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.CR8_STORE_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.ENABLE_EPT;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.ENABLE_RDTSCP;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.ENABLE_VPID;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.EXTERNAL_INTERRUPT_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.HLT_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.NMI_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.RDPMC_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.UNCONDITIONAL_IO_EXITING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.UNRESTRICTED_GUEST;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.USE_MSR_BITMAPS;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.USE_TSC_OFFSETTING;
import static dev.simvisor.node.cpu.nonroot.ControlStructure.VIRTUAL_NMIS;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.nonroot.ControlStructure;

/**
 * What a guest leaves for: as little as a VMM can do with. Exceptions, control registers (but CR8, which is the local APIC's),
 * descriptor tables, the time-stamp counter and the model-specific registers that are switched with the guest stay in it.
 */
final class GuestControls {
    private static final int TIME_STAMP_COUNTER = 0x10;
    /** IA32_SYSENTER_CS, _ESP, _EIP, IA32_PAT; IA32_EFER, STAR, LSTAR, CSTAR, FMASK; FS, GS, kernel GS base, TSC_AUX. */
    private static final int[] PASSED = {
        0x174,
        0x175,
        0x176,
        0x277,
        0xC000_0080,
        0xC000_0081,
        0xC000_0082,
        0xC000_0083,
        0xC000_0084,
        0xC000_0100,
        0xC000_0101,
        0xC000_0102,
        0xC000_0103
    };

    private GuestControls() {}

    static ControlStructure of(Cpu guest, long eptPointer) {
        ControlStructure controls = new ControlStructure(guest);
        controls.pinBased(EXTERNAL_INTERRUPT_EXITING | NMI_EXITING | VIRTUAL_NMIS);
        controls.primary(HLT_EXITING
                | USE_TSC_OFFSETTING
                | RDPMC_EXITING
                | CR8_LOAD_EXITING
                | CR8_STORE_EXITING
                | UNCONDITIONAL_IO_EXITING
                | USE_MSR_BITMAPS
                | ACTIVATE_SECONDARY_CONTROLS);
        controls.secondary(ENABLE_EPT | ENABLE_RDTSCP | ENABLE_VPID | UNRESTRICTED_GUEST);
        controls.eptPointer(eptPointer);
        for (int register : PASSED) controls.msrBitmaps.pass(register);
        controls.msrBitmaps.passRead(TIME_STAMP_COUNTER);
        return controls;
    }
}
