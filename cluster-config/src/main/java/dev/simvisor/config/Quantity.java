package dev.simvisor.config;

import java.math.BigInteger;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number with a unit, as in {@code 1.5GiB}: the unit is required, and the result must be a whole number of base units. */
final class Quantity {
    private static final Pattern NUMBER_AND_UNIT = Pattern.compile("(\\d{1,18})(?:\\.(\\d{1,9}))?([A-Za-z/]+)");

    private Quantity() {}

    /**
     * The amount in base units.
     *
     * @throws IllegalArgumentException with the message "expected ..., not ..." when {@code text} is no such quantity
     */
    static long parse(String text, Map<String, Long> baseUnitsPerUnit, String expected) {
        Matcher matcher = NUMBER_AND_UNIT.matcher(text);
        if (matcher.matches()) {
            Long scale = baseUnitsPerUnit.get(matcher.group(3));
            if (scale != null) {
                try {
                    return amount(matcher.group(1), Objects.requireNonNullElse(matcher.group(2), ""), scale);
                } catch (ArithmeticException fractionOrOverflow) {
                    throw refusal(text, expected);
                }
            }
        }
        throw refusal(text, expected);
    }

    /** Not by BigDecimal: every start would wait for the powers of ten that it prepares when it is loaded. */
    private static long amount(String whole, String decimals, long scale) {
        BigInteger[] amount = new BigInteger(whole + decimals)
                .multiply(BigInteger.valueOf(scale))
                .divideAndRemainder(BigInteger.TEN.pow(decimals.length()));
        if (amount[1].signum() != 0) throw new ArithmeticException("not whole");
        return amount[0].longValueExact();
    }

    private static IllegalArgumentException refusal(String text, String expected) {
        return new IllegalArgumentException("expected " + expected + ", not \"" + text + "\"");
    }
}
