package dev.simvisor.node.machine.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcpiTablesTest {
    private final MachineMemory host = MachineMemory.ofBytes(4 << 20);
    private final GuestMemory memory = new GuestMemory(host, 4 << 20);
    private final AcpiTables.Layout layout =
            new AcpiTables.Layout(1, 9, 0x600, 0x604, 0x608, 0x60C, 0xE000_0000L, 0xFEC0_0000L, List.of(10, 11));
    private final long rsdp = AcpiTables.write(memory, layout);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void theRootPointerIsWhereSystemsLookForItAndAddsUpToZero() {
        assertThat(rsdp).isBetween(0xE_0000L, 0xF_FFFFL).matches(address -> address % 16 == 0);
        assertThat(text(rsdp, 8)).isEqualTo("RSD PTR ");
        assertThat(sum(rsdp, 20)).isZero();
        assertThat(sum(rsdp, 36)).isZero();
    }

    @Test
    void bothRootTablesLeadToTablesThatAddUpToZero() {
        long rsdt = memory.read(rsdp + 16, 4);
        long xsdt = memory.read(rsdp + 24, 8);
        assertThat(table(rsdt)).isEqualTo("RSDT");
        assertThat(table(xsdt)).isEqualTo("XSDT");
        for (int i = 0; i < 2; i++) {
            assertThat(memory.read(rsdt + 36 + 4L * i, 4)).isEqualTo(memory.read(xsdt + 36 + 8L * i, 8));
        }
        long fadt = memory.read(xsdt + 36, 8);
        assertThat(table(fadt)).isEqualTo("FACP");
        assertThat(table(memory.read(xsdt + 44, 8))).isEqualTo("APIC");
        assertThat(table(memory.read(fadt + 140, 8))).isEqualTo("DSDT");
        assertThat(memory.read(fadt + 40, 4)).isEqualTo(memory.read(fadt + 140, 8));
        assertThat(memory.read(fadt + 36, 4)).matches(facs -> facs % 64 == 0);
        assertThat(text(memory.read(fadt + 36, 4), 4)).isEqualTo("FACS");
        assertThat(memory.read(fadt + 208 + 4, 8)).isEqualTo(0x608);
    }

    /**
     * With the commands done as firmware does them, by which the tables come to lie where they lie without firmware. SeaBIOS changes
     * the byte of a checksum by what is wanting, UEFI's puts there what would be, had the byte been 0.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void firmwareThatFollowsTheLoaderGetsTheSameTables(boolean replacesChecksums) {
        Map<String, byte[]> files = AcpiTables.loader(layout).files();
        byte[] tables = files.get("etc/acpi/tables");
        byte[] root = files.get("etc/acpi/rsdp");
        ByteBuffer commands = ByteBuffer.wrap(files.get("etc/table-loader")).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < commands.capacity(); at += 128) {
            byte[] name = new byte[56];
            commands.get(at + 4, name);
            byte[] file = new String(name, StandardCharsets.US_ASCII).startsWith("etc/acpi/rsdp\0") ? root : tables;
            ByteBuffer fields = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
            switch (commands.getInt(at)) {
                case 1 -> assertThat(commands.getInt(at + 60)).isEqualTo(file == root ? 16 : 64);
                case 2 -> {
                    // An address needs no more than 32 bits.
                    int offset = commands.getInt(at + 116);
                    fields.putInt(offset, fields.getInt(offset) + (int) rsdp + 0x40);
                }
                case 3 -> {
                    int start = commands.getInt(at + 64);
                    int sum = 0;
                    for (int n = 0; n < commands.getInt(at + 68); n++) sum += file[start + n];
                    int offset = commands.getInt(at + 60);
                    file[offset] = (byte) ((replacesChecksums ? 0 : file[offset]) - sum);
                }
                default -> throw new AssertionError("command " + commands.getInt(at));
            }
        }
        byte[] expected = new byte[tables.length];
        memory.read(rsdp + 0x40, expected, 0, expected.length);
        assertThat(tables).isEqualTo(expected);
        byte[] expectedRoot = new byte[root.length];
        memory.read(rsdp, expectedRoot, 0, root.length);
        assertThat(root).isEqualTo(expectedRoot);
    }

    @Test
    void machineLanguageIsEncodedAsTheSpecificationShows() {
        assertThat(Aml.eisaId("PNP0A03")).containsExactly(0x0C, 0x41, 0xD0, 0x0A, 0x03);
        assertThat(Aml.integer(1)).containsExactly(1);
        assertThat(Aml.integer(5)).containsExactly(0x0A, 5);
        assertThat(Aml.integer(0x1_FFFF)).containsExactly(0x0C, 0xFF, 0xFF, 0x01, 0x00);
        assertThat(Aml.name("\\_S5", Aml.packageOf(Aml.integer(5), Aml.integer(0))))
                .containsExactly(0x08, '\\', '_', 'S', '5', '_', 0x12, 0x05, 0x02, 0x0A, 0x05, 0x00);
        byte[] large = Aml.scope("\\_SB", new byte[100]);
        assertThat(large[1]).isEqualTo((byte) (0x40 | (107 & 0xF)));
        assertThat(large[2]).isEqualTo((byte) (107 >> 4));
        assertThat(large).hasSize(1 + 107);
    }

    private String table(long address) {
        assertThat(sum(address, (int) memory.read(address + 4, 4))).isZero();
        return text(address, 4);
    }

    private String text(long address, int length) {
        byte[] bytes = new byte[length];
        memory.read(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private int sum(long address, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (int) memory.read(address + i, 1);
        }
        return sum & 0xFF;
    }
}
