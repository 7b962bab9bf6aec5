package dev.simvisor.node.cpu.table;

import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.table.Opcode.MandatoryPrefix;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Parses one line of the table; the package documentation gives the notation. */
final class RowParser {
    private static final int COLUMNS = 9;
    private static final String GAP = "  ";
    private static final String EXIT = "exit:";
    private static final String SEGMENTS = "ES CS SS DS FS GS";

    private final String place;

    RowParser(String place) {
        this.place = place;
    }

    Row parse(int id, String line) {
        String[] columns = columns(line);
        if (columns.length != COLUMNS) throw error(COLUMNS + " columns separated by two blanks", line);
        Set<Attribute> attributes = EnumSet.noneOf(Attribute.class);
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        List<String> mnemonics = List.of(columns[1].split("/"));
        String semantics = mnemonics.getFirst().toLowerCase(Locale.ROOT);
        Intercept intercept = null;
        for (String word : words(columns[3])) {
            if (word.startsWith("=")) semantics = word.substring(1);
            else if (word.startsWith(EXIT)) {
                intercept = constant(Intercept.class, word.substring(EXIT.length()), "an intercept");
            } else addAttribute(word, attributes, features);
        }
        return new Row(
                id,
                opcode(columns[0]),
                mnemonics,
                operands(columns[2]),
                Collections.unmodifiableSet(attributes),
                Collections.unmodifiableSet(features),
                semantics,
                intercept,
                flags(columns[4]),
                flags(columns[5]),
                flags(columns[6]),
                constant(InstructionClass.class, columns[7], "a class"),
                columns[8],
                place);
    }

    /** By hand: a regular expression, slow until HotSpot has compiled it, takes a third of the time of loading the table. */
    private static String[] columns(String line) {
        List<String> columns = new ArrayList<>(COLUMNS);
        int start = 0;
        for (int end = line.indexOf(GAP); end >= 0; end = line.indexOf(GAP, start)) {
            columns.add(line.substring(start, end));
            start = end;
            while (line.charAt(start) == ' ') start++;
        }
        columns.add(line.substring(start));
        return columns.toArray(new String[0]);
    }

    private Opcode opcode(String text) {
        MandatoryPrefix prefix = MandatoryPrefix.ANY;
        boolean rexW = false;
        int map = 0;
        int code = Opcode.NONE;
        int digit = Opcode.NONE;
        int modRm = Opcode.NONE;
        boolean lowRegister = false;
        boolean lowStack = false;
        List<String> words = words(text);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("REX.W")) rexW = true;
            else if (isPrefix(words, i)) prefix = mandatoryPrefix(word);
            else if (word.startsWith("/")) digit = number(word.substring(1), 8);
            else if (code == Opcode.NONE && word.equals("0F") && words.size() > i + 1) map = 1;
            else if (code == Opcode.NONE && map == 1 && word.equals("38")) map = 2;
            else if (code == Opcode.NONE && map == 1 && word.equals("3A")) map = 3;
            else if (code == Opcode.NONE) {
                lowRegister = word.endsWith("+r");
                code = number(lowRegister ? word.substring(0, 2) : word, 16);
            } else {
                lowStack = word.endsWith("+i");
                modRm = number(lowStack ? word.substring(0, 2) : word, 16);
            }
        }
        return new Opcode(prefix, rexW, map, code, lowRegister, digit, modRm, lowStack, text);
    }

    /** A byte that can be a mandatory prefix is one if opcode bytes follow it. */
    private static boolean isPrefix(List<String> words, int i) {
        return switch (words.get(i)) {
            case "NP" -> true;
            case "66", "F2", "F3" -> words.size() > i + 1 && !words.get(i + 1).startsWith("/") && !opcodeSeen(words, i);
            default -> false;
        };
    }

    private static boolean opcodeSeen(List<String> words, int i) {
        return words.subList(0, i).stream().anyMatch(word -> word.length() == 2 && !word.equals("NP"));
    }

    private static MandatoryPrefix mandatoryPrefix(String word) {
        return word.equals("66") ? MandatoryPrefix.P66 : MandatoryPrefix.valueOf(word);
    }

    private List<Operand> operands(String text) {
        List<Operand> operands = new ArrayList<>();
        if (text.equals("-")) return operands;
        for (String word : text.split(",")) operands.add(operand(word, operands.isEmpty()));
        return List.copyOf(operands);
    }

    private Operand operand(String word, boolean first) {
        OperandKind accumulator = first ? OperandKind.Z : OperandKind.G;
        return switch (word) {
            case "AL" -> fixed(accumulator, OperandSize.B, 0, word);
            case "eAX" -> fixed(accumulator, OperandSize.Z, 0, word);
            case "rAX" -> fixed(accumulator, OperandSize.V, 0, word);
            case "AX" -> fixed(OperandKind.AX, OperandSize.W, 0, word);
            case "CL" -> fixed(OperandKind.CL, OperandSize.B, 1, word);
            case "DX" -> fixed(OperandKind.DX, OperandSize.W, 2, word);
            case "1" -> fixed(OperandKind.ONE, OperandSize.B, 0, word);
            case "ST(0)" -> fixed(OperandKind.ST0, OperandSize.NONE, 0, word);
            case "ST(i)" -> new Operand(OperandKind.STI, OperandSize.NONE, OperandSize.NONE, Operand.NOT_FIXED, word);
            case "ES", "CS", "SS", "DS", "FS", "GS" ->
                fixed(OperandKind.S, OperandSize.W, SEGMENTS.indexOf(word) / 3, word);
            default -> lettered(word);
        };
    }

    private static Operand fixed(OperandKind kind, OperandSize size, int register, String notation) {
        return new Operand(kind, size, size, register, notation);
    }

    /** {@code Ev}, or {@code Rv/Mw} for an E whose register and memory forms differ in size. */
    private Operand lettered(String word) {
        int slash = word.indexOf("/M");
        if (word.startsWith("R") && slash > 0) {
            return new Operand(
                    OperandKind.E,
                    size(word.substring(1, slash)),
                    size(word.substring(slash + 2)),
                    Operand.NOT_FIXED,
                    word);
        }
        OperandKind kind = constant(OperandKind.class, word.substring(0, 1), "an operand");
        OperandSize size = size(word.substring(1));
        return new Operand(kind, size, size, Operand.NOT_FIXED, word);
    }

    private OperandSize size(String letters) {
        for (OperandSize size : OperandSize.values()) {
            if (size.letters().equals(letters)) return size;
        }
        throw error("an operand size", letters);
    }

    private void addAttribute(String word, Set<Attribute> attributes, Set<Feature> features) {
        String name = word.toUpperCase(Locale.ROOT);
        for (Attribute attribute : Attribute.values()) {
            if (attribute.name().equals(name)) {
                attributes.add(attribute);
                return;
            }
        }
        features.add(constant(Feature.class, word, "an attribute or a CPUID feature"));
    }

    private int flags(String letters) {
        int flags = 0;
        if (letters.equals("-")) return flags;
        for (char letter : letters.toCharArray()) {
            flags |= switch (letter) {
                case 'o' -> Flags.OF;
                case 's' -> Flags.SF;
                case 'z' -> Flags.ZF;
                case 'a' -> Flags.AF;
                case 'p' -> Flags.PF;
                case 'c' -> Flags.CF;
                case 'd' -> Flags.DF;
                case 'i' -> Flags.IF;
                case 't' -> Flags.TF;
                default -> throw error("flags out of oszapcdit", letters);
            };
        }
        return flags;
    }

    private <E extends Enum<E>> E constant(Class<E> type, String word, String expected) {
        try {
            return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw error(expected, word);
        }
    }

    private int number(String digits, int radix) {
        try {
            return Integer.parseInt(digits, radix);
        } catch (NumberFormatException e) {
            throw error("a number of base " + radix, digits);
        }
    }

    private static List<String> words(String column) {
        return column.equals("-") ? List.of() : List.of(column.split(" "));
    }

    private TableFormatException error(String expected, String found) {
        return new TableFormatException(place + ": expected " + expected + ", found: " + found);
    }
}
