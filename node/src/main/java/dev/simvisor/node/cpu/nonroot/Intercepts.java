package dev.simvisor.node.cpu.nonroot;

import static dev.simvisor.node.cpu.Cpu.RCX;
import static dev.simvisor.node.cpu.Cpu.RDI;
import static dev.simvisor.node.cpu.Cpu.RDX;
import static dev.simvisor.node.cpu.Cpu.RSI;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.system.PortAccess;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.Intercept;
import java.util.Objects;

/**
 * Which instructions leave non-root operation, and with what exit qualification (SDM Vol 3C §26.1, §28.2.1).
 *
 * <p>#UD, faults for privilege and those of the TSS's I/O permission bitmap come before a VM exit, all other faults of an
 * instruction after it (§26.1.1): where the former is due, nothing leaves here and the instruction itself raises it.
 */
public final class Intercepts {
    // Exit qualification for control-register accesses (table 28-3).
    private static final int MOV_FROM_CR = 1 << 4;
    private static final int CLTS = 2 << 4;
    private static final int LMSW = 3 << 4;
    private static final int LMSW_MEMORY = 1 << 6;
    private static final int REGISTER_SHIFT = 8;
    private static final int LMSW_SOURCE_SHIFT = 16;

    /** Direction bit of the exit qualification for MOV DR (table 28-4). */
    private static final int MOV_FROM_DR = 1 << 4;

    // Exit qualification for I/O instructions (table 28-5).
    private static final int IO_IN = 1 << 3;
    private static final int IO_STRING = 1 << 4;
    private static final int IO_REP = 1 << 5;
    private static final int IO_IMMEDIATE = 1 << 6;
    private static final int IO_PORT_SHIFT = 16;
    /** Opcode bit that tells the forms with a port in DX from those with an immediate one. */
    private static final int PORT_IN_DX = 8;

    private static final long LMSW_BITS = 0xF;
    private static final long LMSW_BITS_BUT_PE = 0xE;

    private Intercepts() {}

    /** Called before an instruction of a row with an intercept: throws when it leaves instead of executing. */
    public static void check(Cpu cpu, Instruction i) {
        if (cpu.nonRoot != null) check(cpu, cpu.nonRoot, i);
    }

    private static void check(Cpu cpu, ControlStructure controls, Instruction i) {
        boolean debugRegister = i.row.intercept() == Intercept.MOV_TO_DR || i.row.intercept() == Intercept.MOV_FROM_DR;
        // An exit for MOV DR comes before its privilege check, unlike others (§26.1.3).
        if (cpu.cpl != 0 && i.row.has(Attribute.CPL0) && !debugRegister) return;
        switch (Objects.requireNonNull(i.row.intercept())) {
            case CPUID -> throw controls.leave(cpu, ExitReason.CPUID, 0);
            case INVD -> throw controls.leave(cpu, ExitReason.INVD, 0);
            case HLT -> leaveUnder(cpu, controls, ControlStructure.HLT_EXITING, ExitReason.HLT, 0);
            case INVLPG ->
                leaveUnder(cpu, controls, ControlStructure.INVLPG_EXITING, ExitReason.INVLPG, operandAddress(cpu, i));
            case RDPMC -> checkCounter(cpu, controls);
            case RDTSC, RDTSCP -> checkTimestamp(cpu, controls, i);
            case RDMSR -> checkMsr(cpu, controls, false);
            case WRMSR -> checkMsr(cpu, controls, true);
            case MOV_TO_CR -> checkMovToControl(cpu, controls, i);
            case MOV_FROM_CR -> checkMovFromControl(cpu, controls, i);
            case CLTS -> checkClearTaskSwitched(cpu, controls);
            case MOV_TO_DR -> checkDebug(cpu, controls, i, 0);
            case MOV_FROM_DR -> checkDebug(cpu, controls, i, MOV_FROM_DR);
            case IN -> checkPort(cpu, controls, i, IO_IN);
            case OUT -> checkPort(cpu, controls, i, 0);
            case INS -> checkPortString(cpu, controls, i, IO_IN);
            case OUTS -> checkPortString(cpu, controls, i, 0);
            case WBINVD -> leaveUnderSecondary(cpu, controls, ControlStructure.WBINVD_EXITING, ExitReason.WBINVD, 0);
            case GDTR_OR_IDTR -> checkDescriptorTable(cpu, controls, i, ExitReason.ACCESS_TO_GDTR_OR_IDTR);
            case LDTR_OR_TR -> checkDescriptorTable(cpu, controls, i, ExitReason.ACCESS_TO_LDTR_OR_TR);
        }
    }

    private static void leaveUnder(
            Cpu cpu, ControlStructure controls, int control, ExitReason reason, long qualification) {
        if (controls.hasPrimary(control)) throw controls.leave(cpu, reason, qualification);
    }

    private static void leaveUnderSecondary(
            Cpu cpu, ControlStructure controls, int control, ExitReason reason, long qualification) {
        if (controls.hasSecondary(control)) throw controls.leave(cpu, reason, qualification);
    }

    private static long operandAddress(Cpu cpu, Instruction i) {
        long linear = cpu.effectiveBase[i.segment] + cpu.effectiveAddress(i);
        return cpu.codeSize == 64 ? linear : linear & 0xFFFF_FFFFL;
    }

    private static void checkDescriptorTable(Cpu cpu, ControlStructure controls, Instruction i, ExitReason reason) {
        long qualification = i.memory ? i.displacement : 0;
        leaveUnderSecondary(cpu, controls, ControlStructure.DESCRIPTOR_TABLE_EXITING, reason, qualification);
    }

    // ---- counters and model-specific registers

    private static void checkCounter(Cpu cpu, ControlStructure controls) {
        if (cpu.cpl != 0 && (cpu.cr4 & ControlRegister.CR4_PCE) == 0) return;
        leaveUnder(cpu, controls, ControlStructure.RDPMC_EXITING, ExitReason.RDPMC, 0);
    }

    private static void checkTimestamp(Cpu cpu, ControlStructure controls, Instruction i) {
        boolean auxiliary = i.row.intercept() == Intercept.RDTSCP;
        if (auxiliary && !controls.hasSecondary(ControlStructure.ENABLE_RDTSCP)) throw cpu.undefinedOpcode();
        if (cpu.cpl != 0 && (cpu.cr4 & ControlRegister.CR4_TSD) != 0) return;
        ExitReason reason = auxiliary ? ExitReason.RDTSCP : ExitReason.RDTSC;
        leaveUnder(cpu, controls, ControlStructure.RDTSC_EXITING, reason, 0);
    }

    private static void checkMsr(Cpu cpu, ControlStructure controls, boolean write) {
        boolean exits = !controls.hasPrimary(ControlStructure.USE_MSR_BITMAPS)
                || controls.msrBitmaps.exits(cpu.reg32(RCX), write);
        if (exits) throw controls.leave(cpu, write ? ExitReason.WRMSR : ExitReason.RDMSR, 0);
    }

    // ---- control and debug registers

    private static void checkMovToControl(Cpu cpu, ControlStructure controls, Instruction i) {
        long value = cpu.reg(i.rm, cpu.codeSize == 64 ? 64 : 32);
        boolean exits = switch (i.reg) {
            case 0 -> ((value ^ controls.cr0ReadShadow) & controls.cr0GuestHostMask) != 0;
            case 3 -> controls.hasPrimary(ControlStructure.CR3_LOAD_EXITING);
            case 4 -> ((value ^ controls.cr4ReadShadow) & controls.cr4GuestHostMask) != 0;
            case 8 -> controls.hasPrimary(ControlStructure.CR8_LOAD_EXITING);
            default -> false;
        };
        if (exits) throw controls.leave(cpu, ExitReason.CONTROL_REGISTER_ACCESS, i.reg | i.rm << REGISTER_SHIFT);
    }

    private static void checkMovFromControl(Cpu cpu, ControlStructure controls, Instruction i) {
        boolean exits = switch (i.reg) {
            case 3 -> controls.hasPrimary(ControlStructure.CR3_STORE_EXITING);
            case 8 -> controls.hasPrimary(ControlStructure.CR8_STORE_EXITING);
            default -> false;
        };
        if (!exits) return;
        long qualification = i.reg | MOV_FROM_CR | i.rm << REGISTER_SHIFT;
        throw controls.leave(cpu, ExitReason.CONTROL_REGISTER_ACCESS, qualification);
    }

    private static void checkClearTaskSwitched(Cpu cpu, ControlStructure controls) {
        if ((controls.cr0GuestHostMask & controls.cr0ReadShadow & ControlRegister.CR0_TS) != 0) {
            throw controls.leave(cpu, ExitReason.CONTROL_REGISTER_ACCESS, CLTS);
        }
    }

    /** As {@link #check}, for LMSW, which reads its operand first: a fault of that comes before the exit. */
    public static void checkMachineStatusWord(Cpu cpu, Instruction i, int value) {
        ControlStructure controls = cpu.nonRoot;
        if (controls == null) return;
        long owned = controls.cr0GuestHostMask & LMSW_BITS;
        long shadow = controls.cr0ReadShadow;
        boolean setsProtection = (owned & ControlRegister.CR0_PE & value & ~shadow) != 0;
        if (!setsProtection && ((value ^ shadow) & owned & LMSW_BITS_BUT_PE) == 0) return;
        long qualification = LMSW | (i.memory ? LMSW_MEMORY : 0) | (long) value << LMSW_SOURCE_SHIFT;
        throw controls.leave(cpu, ExitReason.CONTROL_REGISTER_ACCESS, qualification);
    }

    private static void checkDebug(Cpu cpu, ControlStructure controls, Instruction i, int direction) {
        long qualification = i.reg | direction | i.rm << REGISTER_SHIFT;
        leaveUnder(cpu, controls, ControlStructure.MOV_DR_EXITING, ExitReason.MOV_DR, qualification);
    }

    // ---- ports

    private static void checkPort(Cpu cpu, ControlStructure controls, Instruction i, int direction) {
        boolean inDx = (i.row.opcode().code() & PORT_IN_DX) != 0;
        int port = inDx ? cpu.reg16(RDX) : (int) i.immediate & 0xFF;
        checkPort(cpu, controls, i, port, direction | (inDx ? 0 : IO_IMMEDIATE));
    }

    private static void checkPortString(Cpu cpu, ControlStructure controls, Instruction i, int direction) {
        boolean in = direction == IO_IN;
        int segment = in ? SegmentRegister.ES : i.segment;
        long linear = cpu.effectiveBase[segment] + (cpu.gpr[in ? RDI : RSI] & i.addressMask());
        controls.guestLinearAddress = cpu.codeSize == 64 ? linear : linear & 0xFFFF_FFFFL;
        int repeated = i.repeat == Instruction.NO_PREFIX ? 0 : IO_REP;
        checkPort(cpu, controls, i, cpu.reg16(RDX), direction | IO_STRING | repeated);
    }

    private static void checkPort(Cpu cpu, ControlStructure controls, Instruction i, int port, int kind) {
        int bytes = Math.min(i.operandSize, 32) / 8;
        PortAccess.check(cpu, port, bytes);
        boolean exits = controls.hasPrimary(ControlStructure.USE_IO_BITMAPS)
                ? controls.ioBitmaps.exits(port, bytes)
                : controls.hasPrimary(ControlStructure.UNCONDITIONAL_IO_EXITING);
        if (exits) {
            throw controls.leave(cpu, ExitReason.IO_INSTRUCTION, bytes - 1 | kind | (long) port << IO_PORT_SHIFT);
        }
    }
}
