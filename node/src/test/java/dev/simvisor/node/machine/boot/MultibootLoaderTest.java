package dev.simvisor.node.machine.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MultibootLoaderTest {
    private static final int MAGIC = 0x1BADB002;
    private static final int HEADER = 0x80;
    private static final int CODE = 0x100;

    private final MachineMemory host = MachineMemory.ofBytes(4 << 20);
    private final GuestMemory memory = new GuestMemory(host, 4 << 20);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void theKernelIsEnteredWithTheLoadersMagicAndItsInformation() throws Exception {
        Entry entry = load(kernel(), "verbose", List.of());
        assertThat(entry).isEqualTo(new Entry.ProtectedMode(0x10_0000, 0x2BADB002, 0x1_0000, 0));
        assertThat(memory.read(0x10_0000, 4)).isEqualTo(0xF4F4_F4F4L);
    }

    @Test
    void theInformationHoldsCommandLineMemoryAndModules() throws Exception {
        load(kernel(), "verbose", List.of(new Image("data", new byte[] {7, 8, 9})));
        long information = 0x1_0000;
        assertThat(memory.read(information, 4)).isEqualTo(1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
        assertThat(memory.read(information + 4, 4)).isEqualTo(639);
        assertThat(memory.read(information + 8, 4)).isEqualTo(3 * 1024);
        assertThat(text(memory.read(information + 16, 4), 14)).isEqualTo("kernel verbose");
        assertThat(memory.read(information + 20, 4)).isEqualTo(1);
        long module = memory.read(information + 24, 4);
        long start = memory.read(module, 4);
        assertThat(start % 4096).isZero();
        assertThat(memory.read(module + 4, 4) - start).isEqualTo(3);
        assertThat(memory.read(start, 4)).isEqualTo(0x090807);
        assertThat(memory.read(information + 44, 4)).isEqualTo(4 * 24);
        assertThat(memory.read(memory.read(information + 48, 4), 4)).isEqualTo(20);
    }

    @Test
    void badImagesGetOneLineThatNamesThem() {
        refused(
                new Image("kernel", new byte[100]),
                "kernel: not a Multiboot kernel: no header in its first 8192 bytes");

        Image video = kernel();
        video.buffer().putInt(HEADER + 4, 4).putInt(HEADER + 8, -(MAGIC + 4));
        refused(video, "kernel: its Multiboot header demands 0x4, which this loader does not offer");

        Image truncated = new Image("kernel", Arrays.copyOf(kernel().bytes(), CODE + 2));
        refused(truncated, "kernel: truncated kernel: a segment ends at byte 260, the file has 258");

        Image far = kernel();
        far.buffer()
                .put(4, (byte) 2)
                .putLong(32, Long.MAX_VALUE)
                .putShort(54, (short) 56)
                .putShort(56, (short) 1);
        refused(far, "kernel: truncated kernel: a program header lies beyond the end of the file");

        Image high = kernel();
        high.buffer().putInt(52 + 12, 0x40_0000);
        refused(high, "kernel: a segment at 0x400000..0x400004 is outside the VM's memory");
    }

    @Test
    void aModuleThatDoesNotFitIsRefused() {
        Image large = new Image("data", new byte[4 << 20]);
        assertThatThrownBy(() -> load(kernel(), "", List.of(large)))
                .isInstanceOf(InvalidImageException.class)
                .hasMessage("data: module of 4194304 bytes does not fit into the VM's memory");
    }

    private void refused(Image kernel, String message) {
        assertThatThrownBy(() -> load(kernel, "", List.of()))
                .isInstanceOf(InvalidImageException.class)
                .hasMessage(message);
    }

    private Entry load(Image kernel, String commandLine, List<Image> modules) throws InvalidImageException {
        return MultibootLoader.load(memory, new BootSource.Multiboot(kernel, commandLine, modules));
    }

    private String text(long address, int length) {
        byte[] bytes = new byte[length];
        memory.read(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    /** An ELF of four HLTs at 1 MiB. */
    private static Image kernel() {
        ByteBuffer elf = ByteBuffer.allocate(CODE + 4).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C457F).put(4, (byte) 1);
        elf.putInt(24, 0x10_0000).putInt(28, 52).putShort(42, (short) 32).putShort(44, (short) 1);
        elf.putInt(52, 1)
                .putInt(56, CODE)
                .putInt(60, 0x10_0000)
                .putInt(64, 0x10_0000)
                .putInt(68, 4)
                .putInt(72, 4);
        elf.putInt(HEADER, MAGIC).putInt(HEADER + 4, 0).putInt(HEADER + 8, -MAGIC);
        elf.putInt(CODE, 0xF4F4F4F4);
        return new Image("kernel", elf.array());
    }
}
