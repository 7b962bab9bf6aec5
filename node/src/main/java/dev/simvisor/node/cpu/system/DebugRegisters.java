package dev.simvisor.node.cpu.system;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;

/** DR0 to DR7, and the breakpoints on instructions and ports that they set (SDM Vol 3B §17.2, §17.3). */
public final class DebugRegisters {
    // DR6
    /** BD: an access to a debug register while DR7.GD was set. */
    static final long ACCESS_DETECTED = 1 << 13;

    /** BS: single step. */
    public static final long SINGLE_STEP = 1 << 14;

    /** BT: the T flag of a task-state segment. */
    static final long TASK_SWITCH = 1 << 15;

    private static final long STATUS_ONES = 0xFFFF_0FF0L;
    private static final long STATUS_WRITABLE = 0xE00F;

    // DR7
    private static final long GENERAL_DETECT = 1 << 13;
    private static final long CONTROL_ONES = 1 << 10;
    private static final long CONTROL_WRITABLE = 0xFFFF_23FFL;
    private static final long ENABLES = 0xFF;

    private static final int STATUS = 6;
    private static final int CONTROL = 7;
    private static final int ON_INSTRUCTION = 0;
    private static final int ON_PORT = 2;

    private DebugRegisters() {}

    public static long read(Cpu cpu, int register) {
        return cpu.dr[accessible(cpu, register)];
    }

    /** {@code value}: 32 bits zero-extended outside 64-bit mode. */
    public static void write(Cpu cpu, int register, long value) {
        int actual = accessible(cpu, register);
        if (actual >= STATUS && value >>> 32 != 0) throw cpu.generalProtection(0);
        set(cpu, actual, value);
    }

    /** What the register holds after a write of DR0 to DR3, DR6 or DR7 that was allowed. */
    public static void set(Cpu cpu, int actual, long value) {
        switch (actual) {
            case STATUS -> cpu.dr[STATUS] = value & STATUS_WRITABLE | STATUS_ONES;
            case CONTROL -> cpu.dr[CONTROL] = value & CONTROL_WRITABLE | CONTROL_ONES;
            default -> cpu.dr[actual] = value;
        }
        cpu.memory.updateMode();
        cpu.attention = true;
    }

    /** DR4 and DR5 are names of DR6 and DR7 unless CR4.DE is set. Raises #UD, or #DB while DR7.GD guards the registers. */
    private static int accessible(Cpu cpu, int register) {
        boolean alias = register == 4 || register == 5;
        if (alias && (cpu.cr4 & ControlRegister.CR4_DE) != 0) throw cpu.undefinedOpcode();
        if (cpu.cpl != 0) throw cpu.generalProtection(0);
        if ((cpu.dr[CONTROL] & GENERAL_DETECT) != 0) {
            cpu.pendingDebugTraps |= ACCESS_DETECTED;
            throw cpu.raise(GuestException.DEBUG);
        }
        return alias ? register + 2 : register;
    }

    /** Enters the pending conditions into DR6 as #DB is delivered; the handler may use the registers again. */
    static void report(Cpu cpu) {
        cpu.dr[STATUS] |= cpu.pendingDebugTraps;
        cpu.pendingDebugTraps = 0;
        cpu.dr[CONTROL] &= ~GENERAL_DETECT;
    }

    /** Whether instruction breakpoints have to be looked for at all. */
    public static boolean watchesInstructions(Cpu cpu) {
        return watches(cpu, ON_INSTRUCTION);
    }

    /** Raises #DB (a fault) if a breakpoint is set on the instruction at this linear address. The caller has looked at RF. */
    public static void checkInstruction(Cpu cpu, long linear) {
        long hits = 0;
        for (int n = 0; n < 4; n++) {
            if (isSet(cpu, n, ON_INSTRUCTION) && cpu.dr[n] == linear) hits |= 1L << n;
        }
        if (hits == 0) return;
        cpu.pendingDebugTraps |= hits;
        throw cpu.raise(GuestException.DEBUG);
    }

    /** Notes a trap for after the instruction if a breakpoint is set on one of these ports. Needs CR4.DE. */
    static void checkPort(Cpu cpu, int port, int bytes) {
        if ((cpu.cr4 & ControlRegister.CR4_DE) == 0 || !watches(cpu, ON_PORT)) return;
        for (int n = 0; n < 4; n++) {
            if (!isSet(cpu, n, ON_PORT)) continue;
            int length = length(cpu, n);
            long start = cpu.dr[n] & -length;
            if (start < port + bytes && port < start + length) cpu.pendingDebugTraps |= 1L << n;
        }
    }

    private static boolean watches(Cpu cpu, int kind) {
        if ((cpu.dr[CONTROL] & ENABLES) == 0) return false;
        for (int n = 0; n < 4; n++) {
            if (isSet(cpu, n, kind)) return true;
        }
        return false;
    }

    /** Breakpoint n is enabled, locally or globally, with this R/W field. */
    private static boolean isSet(Cpu cpu, int n, int kind) {
        long control = cpu.dr[CONTROL];
        return (control >>> 2 * n & 3) != 0 && (control >>> 16 + 4 * n & 3) == kind;
    }

    private static int length(Cpu cpu, int n) {
        int code = (int) (cpu.dr[CONTROL] >>> 18 + 4 * n) & 3;
        return code == 2 ? 8 : code + 1;
    }
}
