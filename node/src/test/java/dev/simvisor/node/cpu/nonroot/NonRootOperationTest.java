package dev.simvisor.node.cpu.nonroot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What leaves non-root operation, by the rules of SDM Vol 3C chapters 26, 28 and 29. */
class NonRootOperationTest {
    private static final int CODE = NonRootMachine.CODE;

    private final NonRootMachine machine = new NonRootMachine();
    private final ControlStructure controls = machine.controls;

    @AfterEach
    void closeMachine() {
        machine.close();
    }

    // ---- instructions

    /** Control bits are numbered as in SDM tables 25-6 and 25-7; -1: the instruction leaves always. */
    @ParameterizedTest
    @CsvSource({
        "0FA2, -1, -1, CPUID, 0",
        "0F08, -1, -1, INVD, 0",
        "F4, 7, -1, HLT, 0",
        "0F013E 3412, 9, -1, INVLPG, 1234",
        "0F33, 11, -1, RDPMC, 0",
        "0F31, 12, -1, RDTSC, 0",
        "0F22D8, 15, -1, CONTROL_REGISTER_ACCESS, 3",
        "0F22DE, 15, -1, CONTROL_REGISTER_ACCESS, 603",
        "0F20DB, 16, -1, CONTROL_REGISTER_ACCESS, 313",
        "0F23F9, 23, -1, MOV_DR, 107",
        "0F21F9, 23, -1, MOV_DR, 117",
        "E461, 24, -1, IO_INSTRUCTION, 610048",
        "66E7F4, 24, -1, IO_INSTRUCTION, F40043",
        "EE, 24, -1, IO_INSTRUCTION, 3F80000",
        "F36D, 24, -1, IO_INSTRUCTION, 3F80039",
        "6E, 24, -1, IO_INSTRUCTION, 3F80010",
        "0F09, -1, 6, WBINVD, 0",
        "0F0116 3412, -1, 2, ACCESS_TO_GDTR_OR_IDTR, 1234",
        "0F010E 3412, -1, 2, ACCESS_TO_GDTR_OR_IDTR, 1234"
    })
    void anInstructionLeavesUnderItsControlAndExecutesWithoutIt(
            String code, int primary, int secondary, String reason, String qualification) {
        machine.code(code + " 0FA2");
        machine.guest.gpr[Cpu.RDX] = 0x3F8;
        machine.guest.gpr[Cpu.RCX] = 1;
        machine.primary(primary < 0 ? 0 : 1 << primary);
        if (secondary >= 0) machine.secondary(1 << secondary);
        assertThat(machine.run()).isEqualTo(ExitReason.valueOf(reason));
        assertThat(controls.exitQualification).isEqualTo(Long.parseLong(qualification, 16));
        assertThat(machine.guest.rip).as("rIP is the instruction's").isEqualTo(CODE);
        assertThat(machine.executed()).as("which is not counted").isZero();
        assertThat(controls.exitInstructionLength)
                .isEqualTo(code.replace(" ", "").length() / 2);
        if (primary < 0 && secondary < 0 || reason.equals("HLT") || reason.equals("RDPMC")) return;
        machine.primary(0);
        assertThat(machine.run()).isEqualTo(ExitReason.CPUID);
        assertThat(machine.executed()).isPositive();
    }

    @Test
    void ioBitmapsChooseThePortsThatLeave() {
        machine.primary(ControlStructure.USE_IO_BITMAPS);
        controls.ioBitmaps.set(0x61, true);
        machine.code("E6 E9 E5 60 E4 61");
        assertThat(machine.run()).isEqualTo(ExitReason.IO_INSTRUCTION);
        assertThat(machine.guest.rip).as("a word at 60H touches port 61H").isEqualTo(CODE + 2);
        assertThat(machine.bus.debugConsole.size()).isEqualTo(1);
    }

    @Test
    void msrBitmapsChooseTheRegistersThatLeaveAndOthersAlwaysDo() {
        controls.msrBitmaps.pass(0x174);
        controls.msrBitmaps.passRead(0xC000_0080);
        machine.code("66 B9 74 01 00 00 0F 30 0F 32 66 B9 80 00 00 C0 0F 32 0F 30");
        assertThat(machine.run()).isEqualTo(ExitReason.WRMSR);
        assertThat(machine.guest.rip).isEqualTo(CODE + 18);
        machine.guest.gpr[Cpu.RCX] = 0x4000_0000;
        machine.code("0F 32");
        machine.guest.rip = CODE;
        assertThat(machine.run()).isEqualTo(ExitReason.RDMSR);
    }

    @Test
    void aFaultForPrivilegeComesBeforeTheExit() {
        machine.protectedMode(3);
        controls.exceptionBitmap = 1 << GuestException.GENERAL_PROTECTION;
        for (String privileged : new String[] {"F4", "0F 32", "E4 61", "0F 08", "0F 09"}) {
            machine.primary(ControlStructure.HLT_EXITING | ControlStructure.UNCONDITIONAL_IO_EXITING);
            machine.code(privileged);
            assertThat(machine.run()).as(privileged).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        }
    }

    @Test
    void theExitComesBeforeAFaultOfTheOperands() {
        // RDMSR of a register that does not exist; OUTS from beyond the segment.
        machine.primary(ControlStructure.UNCONDITIONAL_IO_EXITING);
        machine.guest.gpr[Cpu.RCX] = 0x999;
        assertThat(machine.code("0F 32").run()).isEqualTo(ExitReason.RDMSR);
        machine.guest.gpr[Cpu.RSI] = 0x12345;
        assertThat(machine.code("67 6E").run()).isEqualTo(ExitReason.IO_INSTRUCTION);
        assertThat(controls.guestLinearAddress).isEqualTo(0x12345);
    }

    @Test
    void rdtscpIsUndefinedUnlessEnabled() {
        controls.exceptionBitmap = 1 << GuestException.INVALID_OPCODE;
        machine.code("0F 01 F9 F4");
        assertThat(machine.run()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        machine.secondary(ControlStructure.ENABLE_RDTSCP);
        assertThat(machine.run(1 + 1)).isEqualTo(ExitReason.HLT);
    }

    @Test
    void theTimestampIsOffset() {
        machine.primary(ControlStructure.USE_TSC_OFFSETTING | ControlStructure.HLT_EXITING);
        controls.tscOffset = 1000;
        machine.cpu.timestampCounter = () -> 7;
        machine.code("0F 31 F4").run();
        assertThat(machine.guest.gpr[Cpu.RAX]).isEqualTo(1007);
    }

    // ---- control registers

    @Test
    void theGuestReadsItsShadowOfBitsThatTheVmmOwnsAndLeavesToChangeThem() {
        controls.cr0GuestHostMask = ControlRegister.CR0_NE | ControlRegister.CR0_TS;
        controls.cr0ReadShadow = ControlRegister.CR0_TS;
        machine.guest.cr0 |= ControlRegister.CR0_NE;
        // mov eax, cr0; mov cr0, eax; or al, NE; mov cr0, eax
        machine.code("0F 20 C0 66 89 C3 0C 02 0F 22 C0 0C 20 0F 22 C0");
        assertThat(machine.run()).isEqualTo(ExitReason.CONTROL_REGISTER_ACCESS);
        assertThat(machine.guest.rip).isEqualTo(CODE + 13);
        assertThat(machine.guest.gpr[Cpu.RBX] & 0x28).isEqualTo(ControlRegister.CR0_TS);
        assertThat(machine.guest.cr0 & 0x2A).isEqualTo(ControlRegister.CR0_NE | ControlRegister.CR0_MP);
    }

    @Test
    void clearingTaskSwitchedLeavesOnlyWhereTheGuestWouldSeeItChange() {
        controls.cr0GuestHostMask = ControlRegister.CR0_TS;
        machine.guest.cr0 |= ControlRegister.CR0_TS;
        machine.code("0F 06 F4");
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.cr0 & ControlRegister.CR0_TS)
                .as("it is the VMM's")
                .isNotZero();
        machine.guest.rip = CODE;
        controls.cr0ReadShadow = ControlRegister.CR0_TS;
        assertThat(machine.run()).isEqualTo(ExitReason.CONTROL_REGISTER_ACCESS);
        assertThat(controls.exitQualification).isEqualTo(2 << 4);
    }

    @Test
    void lmswLeavesWithItsSourceOperand() {
        controls.cr0GuestHostMask = ControlRegister.CR0_MP;
        machine.guest.gpr[Cpu.RAX] = 2;
        assertThat(machine.code("0F 01 F0").run()).isEqualTo(ExitReason.CONTROL_REGISTER_ACCESS);
        assertThat(controls.exitQualification).isEqualTo(3 << 4 | 2 << 16);
    }

    // ---- events

    @Test
    void theExceptionBitmapChoosesWhatLeaves() {
        controls.exceptionBitmap = 1 << GuestException.INVALID_OPCODE | 1 << GuestException.BREAKPOINT;
        machine.primary(ControlStructure.HLT_EXITING);
        assertThat(machine.code("0F 0B").run()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(controls.exitInterruptionInformation).isEqualTo(1 << 31 | 3 << 8 | 6);
        assertThat(machine.executed()).isZero();
        assertThat(machine.code("CC").run()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(controls.exitInterruptionInformation).isEqualTo(1 << 31 | 6 << 8 | 3);
        assertThat(machine.code("CD 03").run()).as("INT 3 is no exception").isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.rip).isEqualTo(NonRootMachine.HANDLERS + 3);
    }

    @Test
    void theInterruptWindowOpensAfterTheInstructionThatFollowsSti() {
        machine.primary(ControlStructure.INTERRUPT_WINDOW_EXITING);
        assertThat(machine.code("90 FB 90 90").run()).isEqualTo(ExitReason.INTERRUPT_WINDOW);
        assertThat(machine.guest.rip).isEqualTo(CODE + 3);
        assertThat(machine.executed()).isEqualTo(3);
    }

    @Test
    void anInstructionThatLeavesInTheInterruptShadowIsStillInIt() {
        machine.primary(ControlStructure.HLT_EXITING | ControlStructure.INTERRUPT_WINDOW_EXITING);
        assertThat(machine.code("FB F4").run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.interruptShadow).isTrue();
    }

    @Test
    void theNmiWindowOpensAfterIret() {
        machine.primary(ControlStructure.NMI_WINDOW_EXITING);
        controls.pinBased(ControlStructure.NMI_EXITING | ControlStructure.VIRTUAL_NMIS);
        machine.guest.nmiBlocked = true;
        machine.store(NonRootMachine.STACK, 6, CODE + 0x10L);
        assertThat(machine.code("90 CF").run()).isEqualTo(ExitReason.NMI_WINDOW);
        assertThat(machine.guest.rip).isEqualTo(CODE + 0x10);
    }

    @Test
    void anNmiLeavesUnderNmiExiting() {
        controls.pinBased(ControlStructure.NMI_EXITING);
        machine.cpu.nmiPending = true;
        assertThat(machine.code("90").run()).isEqualTo(ExitReason.EXCEPTION_OR_NMI);
        assertThat(controls.exitInterruptionInformation).isEqualTo(1 << 31 | 2 << 8 | 2);
    }

    @Test
    void anInjectedInterruptEntersItsHandlerBeforeAnyInstruction() {
        controls.entryInterruptionInformation = InterruptionInformation.VALID | 0x20;
        assertThat(machine.code("90").run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.rip).isEqualTo(NonRootMachine.HANDLERS + 0x20);
        assertThat(machine.executed()).isZero();
        assertThat(machine.load(NonRootMachine.STACK - 6, 2)).isEqualTo(CODE);
    }

    @Test
    void anInjectedExceptionPushesItsErrorCode() {
        machine.protectedMode(0);
        controls.entryInterruptionInformation = InterruptionInformation.VALID
                | InterruptionInformation.HARDWARE_EXCEPTION
                | InterruptionInformation.ERROR_CODE
                | GuestException.PAGE_FAULT;
        controls.entryExceptionErrorCode = 6;
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.load(NonRootMachine.STACK - 16, 4)).isEqualTo(6);
        assertThat(machine.guest.cr2).as("which is the VMM's to set").isZero();
    }

    @Test
    void aDeliveryThatLacksATranslationLeavesWithTheEventInTheVectoringInformation() {
        machine.leaf(NonRootMachine.STACK - 1 >> 12, 0);
        assertThat(machine.code("0F 0B").run()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(controls.idtVectoringInformation).isEqualTo(1 << 31 | 3 << 8 | 6);
        assertThat(machine.executed()).as("the fault has been counted").isEqualTo(1);
        machine.leaf(NonRootMachine.STACK - 1 >> 12, 7);
        controls.entryInterruptionInformation = controls.idtVectoringInformation;
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.rip).isEqualTo(NonRootMachine.HANDLERS + 6);
        assertThat(machine.executed()).isEqualTo(1);
    }

    @Test
    void aSoftwareInterruptThatLacksATranslationIsToBeExecutedAgain() {
        machine.leaf(NonRootMachine.STACK - 1 >> 12, 0);
        assertThat(machine.code("CD 40").run()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(controls.idtVectoringInformation).isEqualTo(1 << 31 | 4 << 8 | 0x40);
        assertThat(machine.executed()).isZero();
    }

    @Test
    void aTripleFaultLeaves() {
        machine.guest.idtrLimit = 0;
        assertThat(machine.code("0F 0B").run()).isEqualTo(ExitReason.TRIPLE_FAULT);
        assertThat(machine.cpu.shutdown).isFalse();
    }

    @Test
    void aTaskSwitchLeavesBeforeAnythingOfItIsDone() {
        machine.protectedMode(0);
        machine.store(NonRootMachine.GDT + 0x28, 8, 0x0000_8B00_3000_0067L);
        machine.store(NonRootMachine.GDT + 0x30, 8, 0x0000_8900_3100_0067L);
        machine.guest.selector[SegmentRegister.TR] = 0x28;
        assertThat(machine.code("EA 00 00 00 00 30 00").run()).isEqualTo(ExitReason.TASK_SWITCH);
        assertThat(controls.exitQualification).isEqualTo(0x30 | 2L << 30);
        assertThat(machine.load(NonRootMachine.GDT + 0x30, 8)).isEqualTo(0x0000_8900_3100_0067L);
    }

    // ---- extended page tables

    @ParameterizedTest
    @CsvSource({
        "A0 34 70, 0, 181", // mov al, [7034H]: read
        "A2 34 70, 0, 182", // mov [7034H], al: write
        "A2 34 70, 5, 1AA", // a page that may be read and executed only
        "EA 34 70 00 00, 3, 19C" // jmp 0:7034H into a page that may be read and written only
    })
    void anAccessThatTheTablesDoNotAllowLeaves(String code, int permissions, String qualification) {
        machine.leaf(7, permissions);
        assertThat(machine.code(code).run()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(controls.exitQualification).isEqualTo(Long.parseLong(qualification, 16));
        boolean fetch = code.startsWith("EA");
        assertThat(controls.guestPhysicalAddress & -4096L).isEqualTo(0x7000);
        assertThat(controls.guestLinearAddress & -4096L).isEqualTo(0x7000);
        assertThat(machine.cpu.exit.instruction == null).isEqualTo(fetch);
    }

    @Test
    void theGuestsOwnPagingStructuresAreReachedThroughTheTables() {
        machine.protectedMode(0);
        machine.guest.cr0 |= ControlRegister.CR0_PG;
        machine.guest.cr3 = 0x20000;
        machine.store(0x20000, 8, 0x21007);
        for (int n = 0; n < 16; n++) machine.store(0x21000 + 4 * n, 4, n << 12 | 7);
        machine.store(0x21000 + 4 * 0x20, 4, 0x7003);
        machine.store(0x7010, 4, 0xCAFE);
        machine.leaf(0x21, 0);
        machine.code("A1 10 00 02 00 F4");
        assertThat(machine.run()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(controls.exitQualification)
                .as("a read of a paging-structure entry")
                .isEqualTo(0x81);
        assertThat(controls.guestPhysicalAddress).isEqualTo(0x21000 + 4 * 5);
        assertThat(controls.guestLinearAddress).isEqualTo(CODE);
        machine.leaf(0x21, 7);
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        assertThat(machine.guest.gpr[Cpu.RAX]).isEqualTo(0xCAFE);
        assertThat(machine.load(0x21000 + 4 * 0x20, 4)).as("accessed").isEqualTo(0x7023);
    }

    @Test
    void pageDirectoryPointersAreLoadedThroughTheTablesWithoutALinearAddress() {
        machine.protectedMode(0);
        machine.guest.cr4 = ControlRegister.CR4_PAE;
        machine.guest.cr3 = 0x20000;
        machine.leaf(0x20, 0);
        machine.code("0F 20 C0 0D 00 00 00 80 0F 22 C0");
        assertThat(machine.run()).isEqualTo(ExitReason.EPT_VIOLATION);
        assertThat(controls.exitQualification).isEqualTo(1);
        assertThat(machine.guest.cr0 & ControlRegister.CR0_PG).isZero();
    }

    @ParameterizedTest
    @CsvSource({"2", "6", "4"})
    void anEntryThatMakesNoSenseLeavesAsAMisconfiguration(int permissions) {
        machine.leaf(7, permissions);
        assertThat(machine.code("A0 34 70").run()).isEqualTo(ExitReason.EPT_MISCONFIGURATION);
        assertThat(controls.guestPhysicalAddress).isEqualTo(0x7000);
    }

    @Test
    void aTranslationIsKeptUntilItIsInvalidated() {
        machine.secondary(ControlStructure.ENABLE_VPID);
        machine.code("A0 34 70 F4 A0 34 70 F4");
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        machine.guest.rip++;
        machine.leaf(7, 0);
        assertThat(machine.run()).isEqualTo(ExitReason.HLT);
        machine.guest.rip = CODE;
        machine.cpu.memory.invalidateExtended();
        assertThat(machine.run()).isEqualTo(ExitReason.EPT_VIOLATION);
    }

    // ---- the control structure

    @Test
    void aControlThatIsNotImplementedCannotBeSet() {
        assertThatThrownBy(() -> controls.primary(1 << 27))
                .hasMessage("primary processor-based control bit 27 is not implemented");
        assertThatThrownBy(() -> controls.secondary(1)).hasMessageContaining("secondary processor-based control bit 0");
        assertThatThrownBy(() -> controls.pinBased(1 << 6)).hasMessageContaining("pin-based control bit 6");
        assertThatThrownBy(() -> controls.eptPointer(0x1000)).hasMessageContaining("expected write-back");
    }

    @Test
    void reasonsHaveTheNumbersOfTheManual() {
        assertThat(ExitReason.HLT.number()).isEqualTo(12);
        assertThat(ExitReason.EPT_VIOLATION.number()).isEqualTo(48);
    }
}
