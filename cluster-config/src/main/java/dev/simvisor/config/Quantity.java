package dev.simvisor.config;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number with a unit, as in {@code 1.5GiB}: the unit is required, and the result must be a whole number of base units. */
final class Quantity {
    private static final Pattern NUMBER_AND_UNIT = Pattern.compile("(\\d{1,18}(?:\\.\\d{1,9})?)([A-Za-z/]+)");

    private Quantity() {}

    /**
     * The amount in base units.
     *
     * @throws IllegalArgumentException with the message "expected ..., not ..." when {@code text} is no such quantity
     */
    static long parse(String text, Map<String, Long> baseUnitsPerUnit, String expected) {
        Matcher matcher = NUMBER_AND_UNIT.matcher(text);
        if (matcher.matches()) {
            Long scale = baseUnitsPerUnit.get(matcher.group(2));
            if (scale != null) {
                try {
                    return new BigDecimal(matcher.group(1))
                            .multiply(BigDecimal.valueOf(scale))
                            .longValueExact();
                } catch (ArithmeticException fractionOrOverflow) {
                    throw refusal(text, expected);
                }
            }
        }
        throw refusal(text, expected);
    }

    private static IllegalArgumentException refusal(String text, String expected) {
        return new IllegalArgumentException("expected " + expected + ", not \"" + text + "\"");
    }
}
