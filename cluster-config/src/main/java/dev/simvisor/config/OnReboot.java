package dev.simvisor.config;

import java.util.Arrays;

/** What becomes of a VM whose guest asks for a reset of the machine, as it does to reboot. */
public enum OnReboot {
    /** It is reset, and boots again what it was booted from. */
    RESTART,
    /** It ends. */
    STOP;

    /** The choice that is so written; throws {@link IllegalArgumentException}, whose message says what was expected, for anything else. */
    public static OnReboot parse(String written) {
        return Arrays.stream(values())
                .filter(choice -> choice.toString().equals(written))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "expected " + RESTART + " or " + STOP + ", not \"" + written + "\""));
    }

    /** As on the command line and in configurations. */
    @Override
    public String toString() {
        return Names.written(this);
    }
}
