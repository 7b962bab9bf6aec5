package dev.simvisor.config;

import java.util.Locale;
import java.util.regex.Pattern;

/** How things are spelt in configurations, and wherever else they are named. */
public final class Names {
    /** Also a file's name and one word of a command line. */
    static final String EXPECTED = "a name of letters, digits, '-', '_' and '.'";

    /** The same to the letter, for who has got it wrong. */
    public static final String RULE = "a letter or digit, then up to 63 of these, '-', '_' or '.'";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private Names() {}

    /** Whether a host, node or VM may have that name: one to 64 characters as {@link #EXPECTED}, the first a letter or digit. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    /** The text, if it is a name. */
    static String name(String text) {
        if (!isName(text)) {
            throw new IllegalArgumentException(text);
        }
        return text;
    }

    /** An enum's constant in lower case with hyphens. */
    static String written(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
