package dev.simvisor.controller.report;

import java.math.BigDecimal;
import java.util.Locale;

/** Figures with units, as people read them. */
public final class Figures {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final int NANO_DIGITS = 9;
    private static final double BYTES_PER_KIBIBYTE = 1 << 10;
    private static final double BYTES_PER_MEBIBYTE = 1 << 20;

    private Figures() {}

    /** Such as {@code 2.451 ms}. */
    public static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.3f ms", nanos / NANOS_PER_MILLI);
    }

    /** Such as {@code 12.500 s}. */
    public static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f s", nanos / NANOS_PER_SECOND);
    }

    /** Without a unit and to the nanosecond, such as {@code 0.35}. */
    public static String exactSeconds(long nanos) {
        return BigDecimal.valueOf(nanos, NANO_DIGITS).stripTrailingZeros().toPlainString();
    }

    /** Such as {@code 16.5 MiB}. */
    public static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / BYTES_PER_MEBIBYTE);
    }

    /** Such as {@code 16.5 MiB}, or {@code 27.0 KiB} of what is less than one MiB. */
    public static String size(long bytes) {
        return bytes < BYTES_PER_MEBIBYTE
                ? String.format(Locale.ROOT, "%.1f KiB", bytes / BYTES_PER_KIBIBYTE)
                : mebibytes(bytes);
    }

    /** To one, such as {@code 2.87 : 1}. */
    public static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.2f : 1", ratio);
    }

    /** Such as {@code 1 VM} and {@code 2 VMs}. */
    public static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    /** An enum's constant without its common beginning and in lower case, such as {@code running}. */
    public static String word(Enum<?> constant, String prefix) {
        return constant.name().replaceFirst("^" + prefix, "").toLowerCase(Locale.ROOT);
    }
}
