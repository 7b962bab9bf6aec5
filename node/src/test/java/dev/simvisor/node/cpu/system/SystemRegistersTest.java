package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RBX;
import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.system.SystemMachine.CODE;
import static dev.simvisor.node.cpu.system.SystemMachine.STACK;
import static dev.simvisor.node.cpu.system.SystemMachine.handler;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.InterruptLine;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SystemRegistersTest {
    private static final long GENERAL_PROTECTION = handler(GuestException.GENERAL_PROTECTION);

    @Test
    void pagingWithLongModeEnabledActivatesIt() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.bus.write(SystemMachine.PAGE_TABLES, 8, SystemMachine.PAGE_TABLES + 0x1003);
            machine.bus.write(SystemMachine.PAGE_TABLES + 0x1000, 8, 0x2003 + SystemMachine.PAGE_TABLES);
            machine.bus.write(SystemMachine.PAGE_TABLES + 0x2000, 8, 0x83);
            machine.bus.write(SystemMachine.GDT + 0x30, 8, 0x00AF_9B00_0000_FFFFL);
            machine.execute(
                    "0F20E0 83C820 0F22E0" // cr4 |= PAE
                            + "B800000100 0F22D8" // cr3 = page tables
                            + "B9800000C0 0F32 0D00010000 0F30" // efer |= LME
                            + "0F20C0 0D00000080 0F22C0" // cr0 |= PG
                            + "EA 00510000 3000", // jmp 30H:5100H
                    13);

            assertThat(machine.cpu.msr.efer)
                    .isEqualTo(ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA);
            assertThat(machine.cpu.codeSize).isEqualTo(64);
            assertThat(machine.cpu.rip).isEqualTo(0x5100);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "B800000080 0F22C0, 2", // paging without protection
        "B801000020 0F22C0, 2", // NW without CD
        "B800000400 0F22E0, 2", // an unknown bit of CR4
        "B978563412 0F32, 2", // an unknown MSR
        "31D2 B802000000 B977020000 0F30, 4", // a reserved page attribute type
        "0F33, 1" // RDPMC
    })
    void badValuesRaiseGeneralProtection(String code, int instructions) {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.execute(code, instructions);

            assertThat(machine.cpu.rip).isEqualTo(GENERAL_PROTECTION);
            assertThat(machine.stack(4, 0)).isZero();
        }
    }

    @Test
    void syscallAndSysretCrossThePrivilegesWithoutTheStack() {
        try (SystemMachine machine = SystemMachine.longMode()) {
            machine.cpu.msr.star = 0x0010_0008_0000_0000L;
            machine.cpu.msr.lstar = 0x5800;
            machine.cpu.msr.syscallMask = Flags.IF | Flags.DF;
            machine.cpu.otherFlags |= Flags.IF | Flags.DF;
            machine.code(0x5800, "48 0F 07"); // sysretq
            machine.user();
            machine.execute("0F 05", 1);

            assertThat(machine.cpu.rip).isEqualTo(0x5800);
            assertThat(machine.cpu.cpl).isZero();
            assertThat(machine.cpu.gpr[RCX]).isEqualTo(CODE + 2);
            assertThat(machine.cpu.otherFlags & (Flags.IF | Flags.DF)).isZero();
            machine.run(1);
            assertThat(machine.cpu.rip).isEqualTo(CODE + 2);
            assertThat(machine.cpu.cpl).isEqualTo(3);
            assertThat(machine.cpu.selector[SegmentRegister.CS]).isEqualTo(0x23);
            assertThat(machine.cpu.selector[SegmentRegister.SS]).isEqualTo(0x1B);
            assertThat(machine.cpu.otherFlags & Flags.IF).isEqualTo(Flags.IF);
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(STACK);
        }
    }

    @Test
    void sysenterLoadsFlatKernelSegments() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.cpu.msr.sysenterCs = 0x08;
            machine.cpu.msr.sysenterEip = 0x5800;
            machine.cpu.msr.sysenterEsp = 0x7000;
            machine.code(0x5800, "B9 00 90 00 00 BA 00 50 00 00 0F 35"); // ecx = stack; edx = CODE; sysexit
            machine.user();
            machine.execute("0F 34", 1);
            assertThat(machine.cpu.cpl).isZero();
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(0x7000);

            machine.run(3);
            assertThat(machine.cpu.cpl).isEqualTo(3);
            assertThat(machine.cpu.rip).isEqualTo(CODE);
        }
    }

    @Test
    void swapgsExchangesTheBaseWithTheKernels() {
        try (SystemMachine machine = SystemMachine.longMode()) {
            machine.cpu.msr.kernelGsBase = 0x7000;
            machine.bus.write(0x7008, 4, 0x1234);
            machine.execute("0F01F8 658B042508000000", 2); // swapgs; mov eax, gs:[8]

            assertThat(machine.cpu.gpr[RAX]).isEqualTo(0x1234);
            assertThat(machine.cpu.msr.kernelGsBase).isZero();
        }
    }

    @Test
    void timeStampDisableKeepsTheCounterFromUserMode() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.cpu.cr4 |= ControlRegister.CR4_TSD;
            machine.user();
            machine.execute("0F 31", 1);

            assertThat(machine.cpu.rip).isEqualTo(GENERAL_PROTECTION);
        }
    }

    @Test
    void writingTheTimeStampCounterMovesItsOffset() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            // ecx = 10H; edx:eax = 1:0; wrmsr; rdtsc
            machine.execute("B910000000 BA01000000 31C0 0F30 0F31", 5);

            assertThat(machine.cpu.gpr[RDX]).isEqualTo(1);
            assertThat(machine.cpu.gpr[RAX]).isEqualTo(1); // one instruction later
        }
    }

    @Test
    void stiHoldsInterruptsOffForOneInstruction() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.cpu.interruptController = InterruptLine.raised(0x60);
            machine.execute("FB 90 90", 3); // sti; nop; (interrupt) nop of the handler

            assertThat(machine.cpu.rip).isEqualTo(handler(0x60) + 1);
            assertThat(machine.stack(4, 0)).isEqualTo(CODE + 2);
        }
    }

    @Test
    void haltEndsWithAnInterrupt() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.execute("FB F4 90", 100);
            assertThat(machine.cpu.halted).isTrue();

            machine.cpu.interruptController = InterruptLine.raised(0x60);
            machine.run(1);
            assertThat(machine.cpu.rip).isEqualTo(handler(0x60) + 1);
            assertThat(machine.stack(4, 0)).isEqualTo(CODE + 2);
        }
    }

    @Test
    void popfAtRingThreeLeavesInterruptFlagAndPrivilegeAlone() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            machine.cpu.otherFlags |= Flags.IF;
            machine.execute("68 02 30 00 00 9D", 2); // push 3002H (IOPL 3, IF clear); popf

            assertThat(machine.cpu.otherFlags & (Flags.IF | Flags.IOPL)).isEqualTo(Flags.IF);
        }
    }

    @Test
    void ioPermissionBitmapGovernsPortsAtRingThree() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            machine.cpu.segmentLimit[SegmentRegister.TR] = 0xFF;
            machine.bus.write(SystemMachine.TSS + 102, 2, 0x80);
            machine.bus.write(SystemMachine.TSS + 0x80 + 0xE9 / 8, 1, 0xFF & ~2); // E9H allowed, EAH not
            machine.execute("B0 41 E6 E9 E6 EA", 3);

            assertThat(machine.bus.debugConsole.toString()).isEqualTo("A");
            assertThat(machine.cpu.rip).isEqualTo(GENERAL_PROTECTION);
        }
    }

    @Test
    void repeatedOutsCountsEachIteration() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.bus.load(0x7000, "abc".getBytes(StandardCharsets.US_ASCII));
            machine.code(CODE, "BE00700000 B903000000 66BAE900 F36E 90");
            machine.run(3 + 2);
            assertThat(machine.bus.debugConsole.toString()).isEqualTo("ab");
            assertThat(machine.cpu.gpr[RCX]).isEqualTo(1);

            machine.run(2);
            assertThat(machine.bus.debugConsole.toString()).isEqualTo("abc");
            assertThat(machine.cpu.rip).isEqualTo(CODE + 17);
        }
    }

    @Test
    void generalDetectGuardsTheDebugRegisters() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.execute("B8 00 20 00 00 0F 23 F8 0F 21 C0", 3); // dr7 = GD; mov eax, dr0

            assertThat(machine.cpu.rip).isEqualTo(handler(1));
            assertThat(machine.cpu.dr[6]).isEqualTo(0xFFFF_2FF0L);
            assertThat(machine.cpu.dr[7]).isEqualTo(0x400);
            assertThat(machine.stack(4, 0)).isEqualTo(CODE + 8);
        }
    }

    @Test
    void cpuidNamesTheProcessorAndItsClock() {
        try (SystemMachine machine = new SystemMachine(CpuModel.BASELINE.withClockHertz(2_000_000_000L))) {
            assertThat(Cpuid.value(machine.cpu, 0, 0, Cpuid.EBX)).isEqualTo(0x756E_6547); // "Genu"
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.EAX)).isEqualTo(0x106CA);
            assertThat(Cpuid.value(machine.cpu, 0x15, 0, Cpuid.ECX)).isEqualTo(2_000_000_000);
            assertThat(Cpuid.value(machine.cpu, 0x16, 0, Cpuid.EAX)).isEqualTo(2000);
            assertThat(Cpuid.value(machine.cpu, 0x8000_0002, 0, Cpuid.EAX)).isEqualTo(0x766D_6953); // "Simv"
            // SYSCALL shows in 64-bit mode only; no hypervisor, no virtual-mode extensions; machine checks, but no
            // architecture of them.
            assertThat(Cpuid.value(machine.cpu, 0x8000_0001, 0, Cpuid.EDX) & 1 << 11)
                    .isZero();
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.ECX)).isPositive();
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.EDX) & (1 << 1 | 1 << 7 | 1 << 14))
                    .isEqualTo(1 << 7);
            // Beyond the highest leaf the highest basic one answers.
            assertThat(Cpuid.value(machine.cpu, 0x4000_0000, 0, Cpuid.EAX)).isEqualTo(2000);
        }
    }

    @Test
    void cpuidInstructionFillsFourRegisters() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.execute("31C0 0FA2", 2);

            assertThat(machine.cpu.gpr[RAX]).isEqualTo(0x16);
            assertThat(machine.cpu.gpr[RBX]).isEqualTo(0x756E_6547);
            assertThat(machine.cpu.gpr[RDX]).isEqualTo(0x4965_6E69);
            assertThat(machine.cpu.gpr[RCX]).isEqualTo(0x6C65_746E);
        }
    }

    @Test
    void addressesFollowASegmentThatWasJustLoaded() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.bus.write(SystemMachine.GDT + 0x30, 8, 0x00CF_9307_0000_FFFFL); // base 70000H
            machine.bus.write(0x7_0008, 4, 0x1234_5678);
            machine.execute("B930000000 8ED9 A108000000", 3); // mov ecx, 30H; mov ds, ecx; mov eax, [8]

            assertThat(machine.cpu.gpr[RAX]).isEqualTo(0x1234_5678);
        }
    }

    @Test
    void unrealModeKeepsTheLimitThatProtectedModeLoaded() {
        try (SystemMachine machine = SystemMachine.realMode()) {
            machine.cpu.segmentLimit[SegmentRegister.DS] = 0xFFFF_FFFFL;
            machine.cpu.updateMode();
            machine.bus.write(0x12_3456, 1, 0x5A);
            machine.execute("31C0 8ED8 67A056341200", 3); // xor ax, ax; mov ds, ax; mov al, [dword 123456H]

            assertThat(machine.cpu.reg8(RAX)).isEqualTo(0x5A);
        }
    }
}
