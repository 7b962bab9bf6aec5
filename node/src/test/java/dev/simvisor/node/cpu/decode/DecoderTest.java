package dev.simvisor.node.cpu.decode;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.disassemble.Disassembler;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class DecoderTest {
    private static final InstructionTable TABLE = InstructionTable.load();

    private final Decoder decoder = new Decoder(TABLE);

    @Test
    void agreesWithObjdumpOnLengthValidityAndMnemonic() throws IOException {
        List<String> lines = sampleLines();
        for (String line : lines) {
            String[] columns = line.split(" ", 4);
            int length = Integer.parseInt(columns[2]);
            Instruction instruction = decode(Integer.parseInt(columns[0]), columns[1]);
            if (length == 0) {
                assertThat(instruction.row).as(line).isSameAs(TABLE.undefined());
            } else {
                assertThat((int) instruction.length).as(line).isEqualTo(length);
                assertThat(Disassembler.format(instruction, 0)).as(line).startsWith(columns[3]);
            }
        }
        assertThat(lines).hasSizeGreaterThan(3000);
    }

    @Test
    void rexCountsOnlyDirectlyBeforeTheOpcode() {
        assertThat(text(64, "48 01 d8")).isEqualTo("add rax, rbx");
        assertThat(text(64, "48 66 01 d8")).isEqualTo("add ax, bx");
        assertThat(text(64, "66 48 01 d8")).isEqualTo("add rax, rbx");
    }

    @Test
    void anyRexPrefixReplacesTheHighByteRegisters() {
        assertThat(text(64, "88 e0")).isEqualTo("mov al, ah");
        assertThat(text(64, "40 88 e0")).isEqualTo("mov al, spl");
    }

    @Test
    void opcode90IsExchangeOnlyWithRexB() {
        assertThat(text(64, "90")).isEqualTo("nop");
        assertThat(text(64, "48 90")).isEqualTo("nop");
        assertThat(text(64, "49 90")).isEqualTo("xchg r8, rax");
        assertThat(text(64, "f3 90")).isEqualTo("pause");
    }

    @Test
    void repeatPrefixesOutrankOperandSizeAsMandatoryPrefix() {
        assertThat(text(64, "66 f3 0f 6f c1")).isEqualTo("movdqu xmm0, xmm1");
        assertThat(text(64, "f3 66 0f 6f c1")).isEqualTo("movdqu xmm0, xmm1");
        assertThat(text(64, "66 f3 0f ef c1")).isEqualTo("(undefined)");
    }

    @Test
    void flatSegmentOverridesAreIgnoredIn64BitMode() {
        assertThat((int) decode(64, "64 2e 8b 03").segment).isEqualTo(SegmentRegister.FS);
        assertThat((int) decode(64, "36 8b 03").segment).isEqualTo(SegmentRegister.DS);
        assertThat((int) decode(32, "64 2e 8b 03").segment).isEqualTo(SegmentRegister.CS);
    }

    @Test
    void stackBasesDefaultToTheStackSegment() {
        assertThat((int) decode(64, "8b 45 00").segment).isEqualTo(SegmentRegister.SS);
        assertThat((int) decode(64, "41 8b 45 00").segment).isEqualTo(SegmentRegister.DS);
        assertThat((int) decode(16, "8b 42 00").segment).isEqualTo(SegmentRegister.SS);
        assertThat((int) decode(16, "8b 44 00").segment).isEqualTo(SegmentRegister.DS);
    }

    @Test
    void ripRelativeOperandsCountFromTheStartOfTheBlock() {
        byte[] code = HexFormat.of().parseHex("488b0511000000");
        Instruction instruction = requireNonNull(decoder.decode(code, 0, code.length, 64, 100));
        assertThat((int) instruction.base).isEqualTo(Instruction.BLOCK_RIP);
        assertThat(instruction.displacement).isEqualTo(100 + 7 + 0x11);
    }

    @Test
    void lockIsLegalOnlyForMemoryDestinationsThatAllowIt() {
        assertThat(text(64, "f0 48 01 03")).isEqualTo("lock add qword ptr [rbx], rax");
        assertThat(text(64, "f0 48 01 c3")).isEqualTo("(undefined)");
        assertThat(text(64, "f0 48 03 03")).isEqualTo("(undefined)");
        assertThat(text(64, "f0 48 89 03")).isEqualTo("(undefined)");
    }

    @Test
    void loadsOfCodeSegmentAndUnknownRegistersAreUndefined() {
        assertThat(text(64, "8e c8")).isEqualTo("(undefined)");
        assertThat(text(64, "8c c8")).isEqualTo("mov eax, cs");
        assertThat(text(64, "8c f0")).isEqualTo("(undefined)");
        assertThat(text(64, "0f 22 c8")).isEqualTo("(undefined)");
        assertThat(text(64, "44 0f 22 c0")).isEqualTo("mov cr8, rax");
    }

    @Test
    void legacyFarPointerLoadsAreUndefinedIn64BitModeAndForRegisters() {
        assertThat(text(32, "c5 03")).isEqualTo("lds eax, fword ptr [ebx]");
        assertThat(text(32, "c5 c3")).isEqualTo("(undefined)");
        assertThat(text(64, "c5 03")).isEqualTo("(undefined)");
        assertThat(text(32, "62 03")).startsWith("bound eax");
        assertThat(text(64, "62 03")).isEqualTo("(undefined)");
    }

    @Test
    void nearBranchesIgnoreTheOperandSizePrefixIn64BitMode() {
        assertThat((int) decode(64, "66 e8 00 00 00 00").operandSize).isEqualTo(64);
        assertThat((int) decode(32, "66 e8 00 00").operandSize).isEqualTo(16);
    }

    @Test
    void asksForMoreBytesUntilTheInstructionIsWhole() {
        byte[] code = HexFormat.of().parseHex("48c7843801020304a0b0c0d0");
        for (int available = 0; available < code.length; available++) {
            assertThat(decoder.decode(code, 0, available, 64, 0))
                    .as("%d bytes", available)
                    .isNull();
        }
        assertThat((int) requireNonNull(decoder.decode(code, 0, code.length, 64, 0)).length)
                .isEqualTo(12);
    }

    @Test
    void sixteenBytesAreTooLong() {
        byte[] code = new byte[16];
        Arrays.fill(code, (byte) 0x66);
        code[14] = (byte) 0x90;
        assertThat((int) requireNonNull(decoder.decode(code, 0, 16, 64, 0)).length)
                .isEqualTo(15);
        code[14] = 0x66;
        assertThat(requireNonNull(decoder.decode(code, 0, 16, 64, 0)).row).isSameAs(TABLE.tooLong());
    }

    private String text(int codeSize, String hex) {
        return Disassembler.format(decode(codeSize, hex.replace(" ", "")), 0);
    }

    private Instruction decode(int codeSize, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        return requireNonNull(decoder.decode(Arrays.copyOf(bytes, 15), 0, 15, codeSize, 0), hex);
    }

    private static List<String> sampleLines() throws IOException {
        try (var stream = requireNonNull(DecoderTest.class.getResourceAsStream("objdump-sample.txt"))) {
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().filter(line -> !line.startsWith("#")).toList();
        }
    }
}
