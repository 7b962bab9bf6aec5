package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input to {@code simvisor boot} is one line, and no file is left that was not there before. */
class BootRefusalTest {
    @TempDir
    private Path directory;

    private Path kernel;

    @BeforeEach
    void unpackBuiltInGuest() throws IOException {
        kernel = directory.resolve("kernel");
        try (InputStream image = Main.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf")) {
            Files.copy(image, kernel);
        }
    }

    @Test
    void aMissingKernel() {
        assertThat(refusal("--kernel", directory.resolve("none").toString()))
                .isEqualTo("--kernel " + directory.resolve("none") + ": no such file");
    }

    @Test
    void aDeviceForAKernel() {
        assertThat(refusal("--kernel", "/dev/zero"))
                .isEqualTo("--kernel /dev/zero: not a regular file: expected a file");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "000100 T start;_text = 100|line 2: expected an address, a type and a name, as nm and /proc/kallsyms print them",
                "000100 D data;         U undefined|: no symbol of code is in it",
                "000000 T start;000000 t end|: all addresses are 0; read /proc/kallsyms as root, with /proc/sys/kernel/kptr_restrict at 0 or 1",
            })
    void symbolsThatAreNone(String lines, String refusal) throws IOException {
        Path symbols = Files.writeString(directory.resolve("symbols"), lines.replace(';', '\n'));

        assertThat(refusal("--kernel", kernel.toString(), "--symbols", symbols.toString()))
                .isEqualTo("--symbols " + symbols + (refusal.startsWith(":") ? "" : " ") + refusal);
    }

    @Test
    void aHugeKernel() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(kernel.toFile(), "rw")) {
            file.setLength(3L << 30); // a hole: it takes no room
        }

        assertThat(refusal("--kernel", kernel.toString()))
                .isEqualTo(kernel + ": 3221225472 bytes: expected at most 536870912");
    }

    @Test
    void aFileThatIsNoKernel() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "not a kernel");

        assertThat(refusal("--kernel", text.toString()))
                .isEqualTo(text + ": neither a Linux bzImage nor a multiboot kernel, or truncated (12 bytes)");
    }

    @Test
    void aTruncatedKernel() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(kernel.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }

        assertThat(refusal("--kernel", kernel.toString()))
                .startsWith(kernel.toString())
                .contains("truncated");
    }

    @Test
    void anInitrdLargerThanMemory() throws IOException {
        Path initrd = directory.resolve("initrd");
        try (RandomAccessFile file = new RandomAccessFile(initrd.toFile(), "rw")) {
            file.setLength(32 << 20);
        }

        assertThat(refusal("--kernel", kernel.toString(), "--initrd", initrd.toString(), "--memory", "16M"))
                .startsWith(initrd.toString());
    }

    @Test
    void oneDiskUnderTwoNames() throws IOException {
        Path disk = Files.write(directory.resolve("disk"), new byte[512]);
        Path link = Files.createLink(directory.resolve("link"), disk);

        assertThat(refusal("--kernel", kernel.toString(), "--disk", disk.toString(), "--disk", link.toString()))
                .isEqualTo("--disk " + link + ": the same file as " + disk + ": expected another disk");
    }

    @Test
    void anUnknownGuest() {
        assertThat(refusal("--guest", "no-such-guest")).contains("no-such-guest", "builtin");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 5000, (16 << 20) + 4096})
    void firmwareOfASizeThatNoRomHas(long bytes) throws IOException {
        Path image = directory.resolve("rom");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }

        assertThat(refusal("--bios", image.toString()))
                .isEqualTo("--bios " + image + ": " + bytes
                        + " bytes: expected a firmware image, a multiple of 4 KiB from 4 KiB up to 16 MiB");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /dev/zero    | --bios /dev/zero: not a regular file: expected a file
            /dev         | --bios /dev: a folder: expected a file
            /no/such/rom | --bios /no/such/rom: no such file
            """)
    void firmwareThatIsNoFile(String file, String complaint) {
        assertThat(refusal("--bios", file)).isEqualTo(complaint);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--kernel kernel", "--guest builtin", "--initrd initrd", "--append quiet"})
    void firmwareBesideWhatAKernelTakes(String option) {
        assertThat(refusal(("--bios rom " + option).split(" ")))
                .isEqualTo("--bios goes without --kernel, --guest, --initrd and --append: firmware starts what is on a"
                        + " --disk");
    }

    @Test
    void firmwareOfAParavirtualMachine() throws IOException {
        Path image = Files.write(directory.resolve("rom"), new byte[4096]);

        assertThat(refusal("--bios", image.toString(), "--mode", "para"))
                .isEqualTo("--bios: a paravirtual machine has no place for firmware");
    }

    @Test
    void neitherKernelNorGuest() {
        assertThat(refusal()).contains("give one of --kernel FILE, --guest NAME and --bios FILE");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --mode para --cpus 33 | --cpus 33: expected 1 to 32
            --mode para           | a 32-bit kernel: mode para runs 64-bit ones
            --mode nonsense       | expected one of bare, trap, translate, para, hardware, not "nonsense"
            --engine turbo        | expected one of [interpreter, translator, auto]
            --gdb 65536           | --gdb 65536: expected a port from 0 to 65535
            --cpus 33             | --cpus 33: expected 1 to 32
            --cpus 0              | --cpus 0: expected 1 to 32
            --disk /no/such/disk  | --disk /no/such/disk: not a file: expected a raw disk image
            --cpu-model z80       | unknown CPU model "z80"; expected one of
            --memory 12           | expected a size such as
            --memory 4K           | expected a multiple of 4K from 1M
            --memory 1000001B     | expected a multiple of 4K from 1M
            --max-time soon       | expected a duration such as
            --serial /no/such/dir/log | --serial /no/such/dir/log: no such file or folder
            --debugcon /no/such/dir/log | --debugcon /no/such/dir/log: no such file or folder
            --stats /no/such/dir/log  | --stats /no/such/dir/log: cannot be written
            --max-instructions 1e6    | expected a whole number, not "1e6"
            --initrd /dev/null        | --initrd /dev/null: not a regular file: expected a file
            --max-instructions -1     | --max-instructions -1: expected 0 or more
            """)
    void anOptionThatCannotBe(String option, String complaint) {
        List<String> arguments = new ArrayList<>(List.of("--kernel", kernel.toString()));
        arguments.addAll(List.of(option.split(" ")));

        assertThat(refusal(arguments.toArray(String[]::new))).contains(complaint);
    }

    /** Writing fails only once the guest runs. */
    @ParameterizedTest
    @CsvSource({"--serial", "--stats"})
    void aFullDeviceForWhatTheGuestSays(String option) {
        String elsewhere = option.equals("--serial") ? "--debugcon" : "--serial";
        assertThat(refusal("--guest", "builtin", "--max-time", "1s", elsewhere, "/dev/null", option, "/dev/full"))
                .isEqualTo(option + " /dev/full: No space left on device");
    }

    private String refusal(String... arguments) {
        List<String> before = files();
        Invocation invocation = Invocation.of(
                Stream.concat(Stream.of("boot"), Stream.of(arguments)).toArray(String[]::new));

        assertThat(invocation.status()).isNotZero();
        assertThat(invocation.output()).isEmpty();
        assertThat(invocation.errors().lines()).hasSize(1);
        assertThat(invocation.errors()).startsWith("simvisor: ");
        assertThat(files()).isEqualTo(before);
        return invocation.errors().strip().substring("simvisor: ".length());
    }

    private List<String> files() {
        return Stream.of(directory.toFile().list()).sorted().toList();
    }
}
