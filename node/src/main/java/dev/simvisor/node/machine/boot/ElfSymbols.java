package dev.simvisor.node.machine.boot;

import dev.simvisor.node.cpu.disassemble.SymbolTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The symbols of code in an ELF file, 32-bit or 64-bit (System V ABI, ch. 4). A kernel boots without them, so whatever is wrong
 * with them, as when a file was cut off, is the same as none.
 */
public final class ElfSymbols {
    private static final int SYMBOL_TABLE = 2;
    private static final long EXECUTABLE = 4;
    /** Types of symbols: labels of assembly code have none. */
    private static final int NO_TYPE = 0;

    private static final int FUNCTION = 2;

    /** A section header; offset and size in bytes. */
    private record Section(int type, long flags, long offset, long size, int link) {}

    private final ByteBuffer file;
    private final boolean wide;
    private final List<Section> sections = new ArrayList<>();

    private ElfSymbols(ByteBuffer file) {
        this.file = file;
        this.wide = file.get(ElfImage.CLASS) == ElfImage.CLASS_64;
    }

    /** Those of an image; none if it is no ELF file or was stripped. */
    public static SymbolTable of(Image image) {
        return ElfImage.isElf(image) ? new ElfSymbols(image.buffer()).read() : SymbolTable.NONE;
    }

    private SymbolTable read() {
        if (!readSections()) return SymbolTable.NONE;
        BitSet code = new BitSet();
        for (int n = 0; n < sections.size(); n++) code.set(n, (sections.get(n).flags & EXECUTABLE) != 0);
        List<SymbolTable.Symbol> symbols = new ArrayList<>();
        for (Section section : sections) {
            if (section.type == SYMBOL_TABLE && isWithinFile(section.offset, section.size)) {
                read(section, code, symbols);
            }
        }
        return new SymbolTable(symbols);
    }

    /** Returns whether the file has all of their headers. */
    private boolean readSections() {
        long headers = wide ? file.getLong(40) : unsigned(32);
        int size = file.getShort(wide ? 58 : 46) & 0xFFFF;
        int count = file.getShort(wide ? 60 : 48) & 0xFFFF;
        if (size < (wide ? 64 : 40) || !isWithinFile(headers, (long) count * size)) return false;
        for (int n = 0; n < count; n++) sections.add(section((int) headers + n * size));
        return true;
    }

    private Section section(int at) {
        int type = file.getInt(at + 4);
        return wide
                ? new Section(
                        type, file.getLong(at + 8), file.getLong(at + 24), file.getLong(at + 32), file.getInt(at + 40))
                : new Section(type, unsigned(at + 8), unsigned(at + 16), unsigned(at + 20), file.getInt(at + 24));
    }

    private void read(Section table, BitSet code, List<SymbolTable.Symbol> symbols) {
        if (table.link < 0 || table.link >= sections.size()) return;
        Section names = sections.get(table.link);
        if (!isWithinFile(names.offset, names.size)) return;
        int size = wide ? 24 : 16;
        for (long entry = 0; entry + size <= table.size; entry += size) {
            int at = (int) (table.offset + entry);
            int type = file.get(at + (wide ? 4 : 12)) & 0xF;
            int section = file.getShort(at + (wide ? 6 : 14)) & 0xFFFF;
            if (type != FUNCTION && type != NO_TYPE || !code.get(section)) continue;
            String name = name(names, unsigned(at));
            if (!name.isEmpty())
                symbols.add(new SymbolTable.Symbol(wide ? file.getLong(at + 8) : unsigned(at + 4), name));
        }
    }

    private String name(Section names, long start) {
        long end = start;
        while (end < names.size && file.get((int) (names.offset + end)) != 0) end++;
        if (end <= start) return "";
        byte[] name = new byte[(int) (end - start)];
        file.get((int) (names.offset + start), name);
        return new String(name, StandardCharsets.UTF_8);
    }

    private long unsigned(int at) {
        return file.getInt(at) & 0xFFFF_FFFFL;
    }

    private boolean isWithinFile(long offset, long size) {
        return offset >= 0 && size >= 0 && size <= file.limit() && offset <= file.limit() - size;
    }
}
