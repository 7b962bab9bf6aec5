package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RAX;
import static dev.simvisor.node.cpu.Cpu.RSP;
import static dev.simvisor.node.cpu.system.SystemMachine.CODE;
import static dev.simvisor.node.cpu.system.SystemMachine.IDT;
import static dev.simvisor.node.cpu.system.SystemMachine.INTERRUPT_STACK;
import static dev.simvisor.node.cpu.system.SystemMachine.KERNEL_STACK;
import static dev.simvisor.node.cpu.system.SystemMachine.STACK;
import static dev.simvisor.node.cpu.system.SystemMachine.USER_CODE;
import static dev.simvisor.node.cpu.system.SystemMachine.USER_DATA;
import static dev.simvisor.node.cpu.system.SystemMachine.handler;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import org.junit.jupiter.api.Test;

class ExceptionDeliveryTest {
    @Test
    void realModePushesFlagsAndReturnAddressAndReadsTheVectorTable() {
        try (SystemMachine machine = SystemMachine.realMode()) {
            machine.execute("FB CD 21", 2); // sti; int 21h

            assertThat(machine.cpu.rip).isEqualTo(handler(0x21));
            assertThat(machine.stack(2, 0)).isEqualTo(CODE + 3);
            assertThat(machine.stack(2, 2) & Flags.IF).isEqualTo(Flags.IF);
            assertThat(machine.cpu.interruptsEnabled()).isFalse();
        }
    }

    @Test
    void faultFromUserModeSwitchesToTheStackInTheTss() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            machine.execute("F4", 1); // hlt at privilege 3

            assertThat(machine.cpu.rip).isEqualTo(handler(GuestException.GENERAL_PROTECTION));
            assertThat(machine.cpu.cpl).isZero();
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(KERNEL_STACK - 24);
            assertThat(machine.stack(4, 0)).isZero();
            assertThat(machine.stack(4, 1)).isEqualTo(CODE);
            assertThat(machine.stack(4, 2)).isEqualTo(USER_CODE);
            assertThat(machine.stack(4, 3) & Flags.RF).isEqualTo(Flags.RF);
            assertThat(machine.stack(4, 4)).isEqualTo(STACK);
            assertThat(machine.stack(4, 5)).isEqualTo(USER_DATA);
        }
    }

    @Test
    void longModeUsesTheInterruptStackTableAndAlignsTheStack() {
        try (SystemMachine machine = SystemMachine.longMode()) {
            machine.gate(6, 1);
            machine.bus.write(SystemMachine.TSS + 36, 8, INTERRUPT_STACK + 5);
            machine.execute("0F 0B", 1); // ud2

            assertThat(machine.cpu.rip).isEqualTo(handler(6));
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(INTERRUPT_STACK - 40);
            assertThat(machine.stack(8, 3)).isEqualTo(STACK);
            assertThat(machine.cpu.selector[SegmentRegister.SS]).isEqualTo(SystemMachine.KERNEL_DATA);
        }
    }

    @Test
    void longModeNullsTheStackSegmentWhenThePrivilegeChanges() {
        try (SystemMachine machine = SystemMachine.longMode()) {
            machine.user();
            machine.execute("CD 40", 1);

            assertThat(machine.cpu.selector[SegmentRegister.SS]).isZero();
            assertThat(machine.cpu.cpl).isZero();
            machine.code((int) handler(0x40), "48 CF"); // iretq
            machine.run(1);
            assertThat(machine.cpu.cpl).isEqualTo(3);
            assertThat(machine.cpu.rip).isEqualTo(CODE + 2);
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(STACK);
        }
    }

    @Test
    void pageFaultReportsItsAddressAndErrorCode() {
        try (SystemMachine machine = SystemMachine.longMode()) {
            machine.user();
            machine.execute("C6 04 25 00 00 00 80 01", 1); // mov byte [FFFFFFFF80000000H], 1

            assertThat(machine.cpu.cr2).isEqualTo(0xFFFF_FFFF_8000_0000L);
            assertThat(machine.cpu.rip).isEqualTo(handler(GuestException.PAGE_FAULT));
            assertThat(machine.stack(8, 0)).isEqualTo(6); // write, user
        }
    }

    @Test
    void faultWhileDeliveringAContributoryFaultIsADoubleFault() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.bus.write(IDT + 8 * 13, 8, 0);
            machine.execute("B8 FF FF 00 00 8E D8", 2); // mov eax, FFFFH; mov ds, ax

            assertThat(machine.cpu.rip).isEqualTo(handler(GuestException.DOUBLE_FAULT));
            assertThat(machine.stack(4, 0)).isZero();
            assertThat(machine.stack(4, 1)).isEqualTo(CODE + 5);
        }
    }

    @Test
    void faultWhileDeliveringABenignExceptionIsDeliveredAsExternal() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.bus.write(IDT + 8 * 6, 8, 0);
            machine.execute("0F 0B", 1);

            assertThat(machine.cpu.rip).isEqualTo(handler(GuestException.GENERAL_PROTECTION));
            assertThat(machine.stack(4, 0)).isEqualTo(6 * 8 + 2 + 1);
        }
    }

    @Test
    void faultWhileDeliveringADoubleFaultShutsTheProcessorDown() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.cpu.idtrLimit = 0;
            machine.execute("0F 0B", 1);

            assertThat(machine.cpu.shutdown).isTrue();
            assertThat(machine.cpu.rip).isEqualTo(CODE);
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(STACK);
        }
    }

    /** A processor hangs in such a delivery (CVE-2015-5307): the guest does here as well, and time goes on. */
    @Test
    void exceptionThatItsOwnDeliveryRaisesKeepsNobodyWaitingForIt() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            long handler = handler(GuestException.ALIGNMENT_CHECK);
            machine.bus.write(
                    IDT + 8 * GuestException.ALIGNMENT_CHECK,
                    8,
                    (handler >>> 16 << 16 | 0xEF00) << 32 | USER_CODE << 16 | handler & 0xFFFF);
            machine.cpu.cr0 |= ControlRegister.CR0_AM;
            machine.cpu.otherFlags |= Flags.AC;
            machine.cpu.updateMode();
            machine.cpu.gpr[RSP] = STACK - 3;
            machine.execute("89 04 24", 10); // mov [esp], eax

            assertThat(machine.cpu.instructionsExecuted()).isEqualTo(10);
            assertThat(machine.cpu.rip).isEqualTo(CODE);
            assertThat(machine.cpu.gpr[RSP]).isEqualTo(STACK - 3);
            assertThat(machine.cpu.shutdown).isFalse();
        }
    }

    /** What a switch writes into the task's segment, the back link, overlies its descriptor, and makes it available again. */
    @Test
    void tasksThatFaultInOneAnothersPlaceForEverShutTheProcessorDown() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            int table = 0x10_0000;
            int task = 0x8910;
            int segment = table + task + 4;
            for (int at = 0; at < 0x28; at += 8)
                machine.bus.write(table + at, 8, machine.bus.read(SystemMachine.GDT + at, 8));
            machine.bus.write(table + task, 8, 0x0000_8910_8914_FFFFL);
            machine.bus.write(segment + 0x60, 2, 0x18); // no LDT: #TS in the new task
            machine.cpu.gdtrBase = table;
            machine.cpu.gdtrLimit = 0xFFFF;
            machine.cpu.selector[SegmentRegister.TR] = task;
            machine.cpu.segmentBase[SegmentRegister.TR] = segment;
            long gate = 0x0000_8500_0000_0000L | (long) task << 16;
            machine.bus.write(IDT + 8 * 6, 8, gate);
            machine.bus.write(IDT + 8 * GuestException.INVALID_TSS, 8, gate);
            machine.execute("0F 0B", 1);

            assertThat(machine.cpu.shutdown).isTrue();
            assertThat(machine.cpu.faultsOfNewTasks).isZero();
            assertThat(machine.bus.read(segment, 2)).isEqualTo(task);
        }
    }

    @Test
    void deliveryThatFaultsLeavesTheRegistersOfBefore() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            machine.bus.write(SystemMachine.TSS + 8, 2, 0x78); // no such stack segment: #TS, which fails too, then #DF
            machine.execute("0F 0B", 1);

            assertThat(machine.cpu.shutdown).isTrue();
            assertThat(machine.cpu.selector[SegmentRegister.SS]).isEqualTo(USER_DATA);
            assertThat(machine.cpu.cpl).isEqualTo(3);
        }
    }

    @Test
    void trapFlagStepsOneInstructionAtATime() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.execute("68 02 01 00 00 9D 90 90", 4); // push 102H; popf; nop; (#DB) nop of the handler

            assertThat(machine.stack(4, 0)).isEqualTo(CODE + 7);
            assertThat(machine.cpu.rip).isEqualTo(handler(1) + 1);
            assertThat(machine.cpu.dr[6]).isEqualTo(0xFFFF_4FF0L);
        }
    }

    @Test
    void instructionBreakpointFaultsOnceAndResumesWithRf() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.code((int) handler(1), "66 81 4C 24 0A 01 00 CF"); // or word [esp+10], 1 (RF); iret
            machine.cpu.dr[0] = CODE + 1;
            machine.cpu.dr[7] = 0x402; // G0, on execution
            machine.execute("90 40 90", 2); // nop; (#DB before inc eax) or

            assertThat(machine.stack(4, 0)).isEqualTo(CODE + 1);
            assertThat(machine.cpu.dr[6]).isEqualTo(0xFFFF_0FF1L);
            assertThat(machine.cpu.gpr[RAX]).isZero();
            machine.run(2);
            assertThat(machine.cpu.gpr[RAX]).isEqualTo(1);
            assertThat(machine.cpu.rip).isEqualTo(CODE + 2);
            assertThat(machine.cpu.rflags() & Flags.RF).isZero();
        }
    }

    @Test
    void softwareInterruptNeedsThePrivilegeOfItsGate() {
        try (SystemMachine machine = SystemMachine.protectedMode()) {
            machine.user();
            machine.bus.write(IDT + 8 * 0x50 + 5, 1, 0x8E);
            machine.execute("CD 50", 1);

            assertThat(machine.cpu.rip).isEqualTo(handler(GuestException.GENERAL_PROTECTION));
            assertThat(machine.stack(4, 0)).isEqualTo(0x50 * 8 + 2);
        }
    }
}
