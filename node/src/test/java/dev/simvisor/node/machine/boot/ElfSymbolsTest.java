package dev.simvisor.node.machine.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.disassemble.SymbolTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ElfSymbolsTest {
    private static final String NAMES = "\0start\0loop\0table\0elsewhere\0";
    private static final int CODE_SECTION = 1;
    private static final int DATA_SECTION = 2;
    private static final int SYMBOLS = 0x200;
    private static final int STRINGS = 0x300;
    private static final int HEADERS = 0x400;

    /** With a function and a label in code, a variable, and a symbol that is not defined. */
    private static byte[] file(boolean wide) {
        ByteBuffer file = ByteBuffer.allocate(0x600).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464C457F).put(4, (byte) (wide ? 2 : 1));
        if (wide) file.putLong(40, HEADERS).putShort(58, (short) 64).putShort(60, (short) 5);
        else file.putInt(32, HEADERS).putShort(46, (short) 40).putShort(48, (short) 5);
        section(file, wide, CODE_SECTION, 1, 6, 0x100, 0x100, 0);
        section(file, wide, DATA_SECTION, 1, 3, 0x100, 0x100, 0);
        section(file, wide, 3, 2, 0, SYMBOLS, (wide ? 24 : 16) * 5, 4);
        section(file, wide, 4, 3, 0, STRINGS, NAMES.length(), 0);
        file.put(STRINGS, NAMES.getBytes(StandardCharsets.US_ASCII));
        symbol(file, wide, 1, "start", 2, CODE_SECTION, 0x1000);
        symbol(file, wide, 2, "loop", 0, CODE_SECTION, 0x1010);
        symbol(file, wide, 3, "table", 1, DATA_SECTION, 0x1018);
        symbol(file, wide, 4, "elsewhere", 0, 0, 0);
        return file.array();
    }

    private static void section(
            ByteBuffer file, boolean wide, int number, int type, int flags, int offset, int size, int link) {
        int at = HEADERS + number * (wide ? 64 : 40);
        file.putInt(at + 4, type);
        if (wide)
            file.putLong(at + 8, flags)
                    .putLong(at + 24, offset)
                    .putLong(at + 32, size)
                    .putInt(at + 40, link);
        else
            file.putInt(at + 8, flags)
                    .putInt(at + 16, offset)
                    .putInt(at + 20, size)
                    .putInt(at + 24, link);
    }

    private static void symbol(
            ByteBuffer file, boolean wide, int number, String name, int type, int section, int address) {
        int at = SYMBOLS + number * (wide ? 24 : 16);
        file.putInt(at, NAMES.indexOf(name)).put(at + (wide ? 4 : 12), (byte) type);
        file.putShort(at + (wide ? 6 : 14), (short) section);
        if (wide) file.putLong(at + 8, address);
        else file.putInt(at + 4, address);
    }

    private static SymbolTable of(byte[] bytes) {
        return ElfSymbols.of(new Image("kernel", bytes));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsDefinedInCodeHasAName(boolean wide) {
        SymbolTable symbols = of(file(wide));
        assertThat(symbols.at(0x1000)).contains(new SymbolTable.Place("start", 0));
        assertThat(symbols.at(0x100F)).contains(new SymbolTable.Place("start", 15));
        assertThat(symbols.at(0x1020)).contains(new SymbolTable.Place("loop", 16));
        assertThat(symbols.at(0)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFileThatEndsAnywhereHasNoneOrThose(boolean wide) {
        byte[] whole = file(wide);
        for (int length = 0; length < whole.length; length++) {
            SymbolTable symbols = of(Arrays.copyOf(whole, length));
            if (!symbols.isEmpty()) assertThat(symbols.at(0x1010)).contains(new SymbolTable.Place("loop", 0));
        }
    }

    @Test
    void wildOffsetsAreNoSymbols() {
        for (int offset = 0; offset < HEADERS + 5 * 64; offset++) {
            for (byte wild : new byte[] {-1, 127, -128}) {
                byte[] bytes = file(true);
                if (offset == 4) continue;
                Arrays.fill(bytes, offset, offset + 4, wild);
                of(bytes);
            }
        }
    }

    @Test
    void whatIsNoElfFileHasNone() {
        assertThat(of("a script, perhaps, that is longer than a header of an ELF file is"
                                .getBytes(StandardCharsets.UTF_8))
                        .isEmpty())
                .isTrue();
    }
}
