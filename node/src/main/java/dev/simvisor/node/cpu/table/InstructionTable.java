package dev.simvisor.node.cpu.table;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All rows, and which of them an opcode may stand for. Immutable; load it once. */
public final class InstructionTable {
    private static final List<String> SECTIONS = List.of("integer", "system", "x87", "simd");
    private static final int MAPS = 4;

    private final List<Row> rows;
    private final int fingerprint;
    private final Row[][] candidates;
    private final boolean[] hasModRm = new boolean[MAPS << 8];
    private final Row undefined;
    private final Row tooLong;
    private final Row callout;

    private InstructionTable(List<Row> rows, int fingerprint) {
        this.rows = List.copyOf(rows);
        this.fingerprint = fingerprint;
        this.candidates = index(rows);
        this.undefined = pseudoRow("(undefined)");
        this.tooLong = pseudoRow("(too-long)");
        this.callout = pseudoRow("(callout)");
        for (int i = 0; i < candidates.length; i++) {
            for (Row row : candidates[i]) hasModRm[i] |= row.hasModRm();
        }
    }

    /**
     * Parses the table's resources.
     *
     * @throws TableFormatException naming file and line of what it does not understand
     */
    public static InstructionTable load() {
        List<Row> rows = new ArrayList<>();
        int fingerprint = 0;
        for (String section : SECTIONS) {
            String name = "instructions-" + section + ".txt";
            for (Line line : lines(name)) {
                rows.add(new RowParser(line.place).parse(rows.size(), line.text));
                fingerprint = 31 * fingerprint + line.text.hashCode();
            }
        }
        return new InstructionTable(rows, fingerprint);
    }

    /** Tells tables with different rows apart. */
    public int fingerprint() {
        return fingerprint;
    }

    /** Every row; a row's {@link Row#id} is its index. */
    public List<Row> rows() {
        return rows;
    }

    /** Whether a ModRM byte follows this opcode, in any of its rows. */
    public boolean hasModRm(int map, int code) {
        return hasModRm[map << 8 | code];
    }

    /** The row that these bytes stand for, or null if they are undefined. {@code modRm} is 0 where there is none. */
    public @Nullable Row select(
            int map, int code, boolean mode64, Opcode.MandatoryPrefix prefix, boolean rexW, int modRm) {
        for (Row row : candidates[map << 8 | code]) {
            if (row.matches(mode64, prefix, rexW, modRm)) return row;
        }
        return null;
    }

    /** The rows of an opcode, the most specific first. */
    public List<Row> candidates(int map, int code) {
        return List.of(candidates[map << 8 | code]);
    }

    /** The pseudo row that bytes without a row are instances of: executing it raises #UD. */
    public Row undefined() {
        return undefined;
    }

    /** The pseudo row of an instruction of more than 15 bytes: executing it raises #GP(0). */
    public Row tooLong() {
        return tooLong;
    }

    /** The pseudo row that stands in translated code for what it replaced: executing it leaves for the VMM. */
    public Row callout() {
        return callout;
    }

    private Row pseudoRow(String name) {
        return rows.stream()
                .filter(row -> row.mnemonic(16).equals(name))
                .findFirst()
                .orElseThrow(() -> new TableFormatException("instruction table: no row " + name));
    }

    private static Row[][] index(List<Row> rows) {
        List<List<Row>> lists = new ArrayList<>();
        for (int i = 0; i < MAPS << 8; i++) lists.add(new ArrayList<>());
        for (Row row : rows) {
            Opcode opcode = row.opcode();
            if (opcode.code() == Opcode.NONE) continue;
            int count = opcode.lowRegister() ? 8 : 1;
            for (int i = 0; i < count; i++)
                lists.get(opcode.map() << 8 | opcode.code() + i).add(row);
        }
        Comparator<Row> byRank = Comparator.comparingInt(row -> -row.opcode().specificity());
        for (List<Row> list : lists) list.sort(byRank);
        return lists.stream().map(list -> list.toArray(new Row[0])).toArray(Row[][]::new);
    }

    private record Line(String place, String text) {}

    private static List<Line> lines(String name) {
        List<Line> lines = new ArrayList<>();
        try (InputStream stream = InstructionTable.class.getResourceAsStream(name)) {
            if (stream == null)
                throw new TableFormatException(name + ": no such resource beside the instruction table");
            BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
            int number = 0;
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                number++;
                if (!text.isBlank() && !text.startsWith("#")) lines.add(new Line(name + ":" + number, text.strip()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(name, e);
        }
        return lines;
    }
}
