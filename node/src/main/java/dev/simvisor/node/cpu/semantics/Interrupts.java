package dev.simvisor.node.cpu.semantics;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.nonroot.EventExits;
import dev.simvisor.node.cpu.nonroot.InterruptionInformation;
import dev.simvisor.node.cpu.system.ExceptionDelivery;

/** INT n, INT3, INTO, INT1, BOUND and HLT, and the callouts of translated code. */
public final class Interrupts {
    private Interrupts() {}

    /** Virtual-8086 mode without its extensions: INT n needs IOPL 3 (SDM Vol 3A §20.2.7). */
    public static void interrupt(Cpu cpu, Instruction i) {
        if (cpu.virtual8086 && cpu.ioPrivilegeLevel() < 3) throw cpu.generalProtection(0);
        ExceptionDelivery.softwareInterrupt(
                cpu, (int) i.immediate & 0xFF, InterruptionInformation.SOFTWARE_INTERRUPT, cpu.nextRip(i));
    }

    public static void int3(Cpu cpu, Instruction i) {
        softwareException(cpu, GuestException.BREAKPOINT, InterruptionInformation.SOFTWARE_EXCEPTION, i);
    }

    public static void into(Cpu cpu, Instruction i) {
        if (!Flags.overflow(cpu.flagAux)) return;
        softwareException(cpu, GuestException.OVERFLOW, InterruptionInformation.SOFTWARE_EXCEPTION, i);
    }

    /** Like a hardware #DB it passes any gate, but it leaves DR6 alone. */
    public static void int1(Cpu cpu, Instruction i) {
        softwareException(cpu, GuestException.DEBUG, InterruptionInformation.PRIVILEGED_SOFTWARE_EXCEPTION, i);
    }

    /** Unlike INT n these are subject to the exception bitmap. */
    private static void softwareException(Cpu cpu, int vector, int type, Instruction i) {
        EventExits.checkSoftwareException(cpu, vector, type);
        ExceptionDelivery.softwareInterrupt(cpu, vector, type, cpu.nextRip(i));
    }

    public static void bound(Cpu cpu, Instruction i) {
        int bytes = i.operandSize / 8;
        long linear = cpu.readAddress(i, 2 * bytes);
        long lower = signed(OperandAccess.load(cpu, linear, i.operandSize), i.operandSize);
        long upper = signed(OperandAccess.load(cpu, linear + bytes & 0xFFFF_FFFFL, i.operandSize), i.operandSize);
        long index = signed(cpu.reg(i.reg, i.operandSize), i.operandSize);
        if (index < lower || index > upper) throw cpu.raise(GuestException.BOUND_RANGE);
    }

    private static long signed(long value, int size) {
        return size == 16 ? (short) value : (int) value;
    }

    /** Stands in translated code for an instruction that the VMM wants to see; the VMM finds it in {@link Cpu#exit}. */
    public static void callout(Cpu cpu, Instruction i) {
        cpu.exit.callout(i);
        throw cpu.leave();
    }

    public static void hlt(Cpu cpu) {
        Privilege.requireKernel(cpu);
        cpu.halted = true;
        cpu.endBlock();
    }
}
