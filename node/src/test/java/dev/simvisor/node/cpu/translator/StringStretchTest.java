package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Repeated string instructions that do many iterations at once, against the same one by one. */
class StringStretchTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);
    private static final int PAGES = 4;
    private static final byte FILLING = 0x41;
    /** MOVS, CMPS, STOS, LODS, SCAS. */
    private static final int[] OPCODES = {0xA4, 0xA6, 0xAA, 0xAC, 0xAE};

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void iterationsDoneTogetherLeaveWhatSingleOnesLeave(boolean wide) {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            try (GuestPair pair = new GuestPair(wide, AT_ONCE)) {
                byte[] code = code(random, wide);
                pair.load(GuestPair.CODE, code);
                pair.load(GuestPair.DATA, data(random));
                if (wide && random.nextInt(4) == 0) pair.unmap(GuestPair.DATA + random.nextInt(PAGES) * 0x1000);
                for (int go = 0; go < 3; go++) {
                    setRegisters(pair, random);
                    for (int run = 0; run < 4; run++) {
                        int instructions = 1 + random.nextInt(random.nextBoolean() ? 10 : 3000);
                        for (int n = 0; n < instructions; n++) pair.interpreted.engine.run(1);
                        pair.translated.engine.run(instructions);
                        pair.run(0, "seed " + seed + ", " + Arrays.toString(code) + ", go " + go + ", run " + run);
                    }
                }
            }
        }
    }

    /** A string instruction, and a jump back to it. */
    private static byte[] code(Random random, boolean wide) {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        if (random.nextInt(4) == 0) code.write(0x67);
        if (random.nextInt(8) != 0) code.write(random.nextBoolean() ? 0xF3 : 0xF2);
        int size = random.nextInt(wide ? 4 : 3);
        if (size == 1) code.write(0x66);
        if (size == 3) code.write(0x48);
        code.write(OPCODES[random.nextInt(OPCODES.length)] + (size == 0 ? 0 : 1));
        code.write(0xEB);
        code.write(-code.size() - 1);
        return code.toByteArray();
    }

    /** Long stretches of the same byte, with few others. */
    private static byte[] data(Random random) {
        byte[] data = new byte[PAGES * 0x1000];
        Arrays.fill(data, FILLING);
        for (int n = random.nextInt(12); n > 0; n--) data[random.nextInt(data.length)] = (byte) random.nextInt();
        return data;
    }

    private static void setRegisters(GuestPair pair, Random random) {
        int from = GuestPair.DATA + random.nextInt(PAGES * 0x1000);
        int to = random.nextBoolean() ? from + random.nextInt(20) : GuestPair.DATA + random.nextInt(PAGES * 0x1000);
        long value = random.nextInt(3) == 0 ? random.nextLong() : FILLING * 0x0101_0101_0101_0101L;
        int count = random.nextBoolean() ? random.nextInt(12) : random.nextInt(9000);
        boolean down = random.nextInt(6) == 0;
        for (GuestPair.Guest guest : pair.guests()) {
            Cpu cpu = guest.cpu;
            cpu.gpr[Cpu.RSI] = from;
            cpu.gpr[Cpu.RDI] = to;
            cpu.gpr[Cpu.RAX] = cpu.codeSize == 64 ? value : value & 0xFFFF_FFFFL;
            cpu.gpr[Cpu.RCX] = count;
            cpu.otherFlags = down ? cpu.otherFlags | Flags.DF : cpu.otherFlags & ~Flags.DF;
        }
        assertThat(pair.translated.cpu.rip).isEqualTo(pair.interpreted.cpu.rip);
    }
}
