package dev.simvisor.controller.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of text in columns as wide as their widest cell. */
public final class Table {
    private static final String RIGHT = ">";
    private static final String GAP = "  ";

    private final List<Boolean> rightAligned = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    private Table() {}

    /** A table with these headers; one that begins with {@code >} stands for a column of figures, aligned to the right. */
    public static Table of(String... headers) {
        Table table = new Table();
        List<String> names = new ArrayList<>();
        for (String header : headers) {
            table.rightAligned.add(header.startsWith(RIGHT));
            names.add(header.startsWith(RIGHT) ? header.substring(RIGHT.length()) : header);
        }
        table.rows.add(names);
        return table;
    }

    /** Adds a row with a cell for every column. */
    public Table row(Object... cells) {
        if (cells.length != rightAligned.size()) {
            throw new IllegalArgumentException(cells.length + " cells: expected " + rightAligned.size());
        }
        rows.add(Arrays.stream(cells).map(String::valueOf).toList());
        return this;
    }

    /** A line for the headers and one for each row. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                String padding = " ".repeat(width(column) - row.get(column).length());
                line.append(column == 0 ? "" : GAP);
                line.append(rightAligned.get(column) ? padding + row.get(column) : row.get(column) + padding);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }

    @Override
    public String toString() {
        return String.join(System.lineSeparator(), lines());
    }
}
