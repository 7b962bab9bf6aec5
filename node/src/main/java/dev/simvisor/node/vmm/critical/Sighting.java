package dev.simvisor.node.vmm.critical;

import dev.simvisor.node.vmm.exit.SlippedInstructions;

/**
 * What a fragment found, when it had ended.
 *
 * @param faulted whether its instruction raised #GP, with {@code errorCode}
 * @param interruptsEnabled whether an interrupt would be delivered to the guest now
 * @param table the six bytes that SGDT and SIDT store: a limit and a base
 * @param slipped what the simulator noticed and the VMM did not
 */
record Sighting(
        boolean faulted,
        int errorCode,
        int eax,
        int ecx,
        int edx,
        boolean zeroFlag,
        boolean interruptsEnabled,
        long table,
        SlippedInstructions slipped) {
    String tableRegister() {
        return "base " + hexadecimal((int) (table >>> 16)) + " limit %04XH".formatted(table & 0xFFFF);
    }

    static String hexadecimal(int value) {
        return "%08XH".formatted(value);
    }

    static String selector(int value) {
        return "selector %04XH".formatted(value & 0xFFFF);
    }

    static String interrupts(boolean enabled) {
        return enabled ? "IF=1" : "IF=0";
    }

    static String flag(boolean yes, String word) {
        return yes ? word : "not " + word;
    }
}
