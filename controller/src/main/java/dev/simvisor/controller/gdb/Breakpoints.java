package dev.simvisor.controller.gdb;

import dev.simvisor.controller.embedded.DebugTarget;
import dev.simvisor.controller.embedded.DebugTarget.Access;
import dev.simvisor.controller.embedded.DebugTarget.Stop;
import dev.simvisor.controller.embedded.DebugTarget.Watch;
import java.util.HashSet;
import java.util.Set;

/** What a debugger has set: Z and z packets (GDB manual, E.2). None of them takes the guest's debug registers or memory. */
final class Breakpoints {
    /** Those below, and watches of stores, loads and both. */
    private static final String TYPES = "01234";

    private static final char SOFTWARE = '0';
    private static final char HARDWARE = '1';
    private static final long LONGEST_WATCH = 1 << 20;

    private final DebugTarget target;
    private final Set<Long> software = new HashSet<>();
    private final Set<Long> hardware = new HashSet<>();

    Breakpoints(DebugTarget target) {
        this.target = target;
    }

    /** {@code Ztype,address,kind} or {@code ztype,address,kind}; conditions are the debugger's business. */
    String answer(String packet) {
        if (packet.length() < 2 || TYPES.indexOf(packet.charAt(1)) < 0) return TargetCommands.UNKNOWN;
        String[] fields = packet.split("[,;]");
        if (fields.length < 3) return TargetCommands.MALFORMED;
        boolean set = packet.charAt(0) == 'Z';
        long address;
        long length;
        try {
            address = TargetCommands.hexadecimal(fields[1]);
            length = TargetCommands.hexadecimal(fields[2]);
        } catch (NumberFormatException malformed) {
            return TargetCommands.MALFORMED;
        }
        switch (packet.charAt(1)) {
            case SOFTWARE -> stop(software, address, set);
            case HARDWARE -> stop(hardware, address, set);
            case '2' -> watch(address, length, Access.WRITE, set);
            case '3' -> watch(address, length, Access.READ, set);
            default -> watch(address, length, Access.READ_OR_WRITE, set);
        }
        return TargetCommands.DONE;
    }

    private void stop(Set<Long> breakpoints, long address, boolean set) {
        if (set) {
            breakpoints.add(address);
            target.stopBefore(address);
        } else {
            breakpoints.remove(address);
            if (!software.contains(address) && !hardware.contains(address)) target.passBy(address);
        }
    }

    private void watch(long address, long length, Access access, boolean set) {
        Watch watch = new Watch(address, Math.clamp(length, 1, LONGEST_WATCH), access);
        if (set) target.watch(watch);
        else target.ignore(watch);
    }

    /** What a stop reply says of the cause. */
    String cause(Stop stop) {
        return switch (stop) {
            case Stop.BeforeInstruction(long address) -> software.contains(address) ? "swbreak:;" : "hwbreak:;";
            case Stop.AfterAccess(Watch watch) ->
                switch (watch.access()) {
                            case WRITE -> "watch:";
                            case READ -> "rwatch:";
                            case READ_OR_WRITE -> "awatch:";
                        }
                        + Long.toHexString(watch.linear()) + ";";
        };
    }

    /** Takes all back. */
    void clear() {
        software.clear();
        hardware.clear();
        target.clear();
    }
}
