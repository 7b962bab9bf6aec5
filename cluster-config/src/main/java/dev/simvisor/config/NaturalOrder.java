package dev.simvisor.config;

import java.util.Comparator;

/** Names in the order in which people count: runs of digits compare as the numbers that they are, so host-2 is before host-10. */
public enum NaturalOrder implements Comparator<String> {
    OF_NAMES;

    @Override
    public int compare(String some, String other) {
        int a = 0;
        int b = 0;
        while (a < some.length() && b < other.length()) {
            int endA = endOfPart(some, a);
            int endB = endOfPart(other, b);
            int order = isDigit(some.charAt(a)) && isDigit(other.charAt(b))
                    ? compareNumbers(some.substring(a, endA), other.substring(b, endB))
                    : some.substring(a, endA).compareTo(other.substring(b, endB));
            if (order != 0) {
                return order;
            }
            a = endA;
            b = endB;
        }
        // What is left of one is behind the other; 1 and 01 are two names, of which one must be the first.
        return a < some.length() || b < other.length()
                ? Boolean.compare(a < some.length(), b < other.length())
                : some.compareTo(other);
    }

    /** A number, or a single character that is none's. */
    private static int endOfPart(String text, int from) {
        int end = from + 1;
        while (isDigit(text.charAt(from)) && end < text.length() && isDigit(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private static int compareNumbers(String some, String other) {
        String a = some.replaceFirst("^0+", "");
        String b = other.replaceFirst("^0+", "");
        return a.length() == b.length() ? a.compareTo(b) : Integer.compare(a.length(), b.length());
    }

    private static boolean isDigit(char character) {
        return character >= '0' && character <= '9';
    }
}
