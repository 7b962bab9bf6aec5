package dev.simvisor.node.machine.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LinuxLoaderTest {
    private static final int MEBIBYTE = 1 << 20;
    private static final long RSDP = 0xE_0000;
    private static final long BOOT_PARAMS = 0x1_0000;

    private final MachineMemory host = MachineMemory.ofBytes(64L * MEBIBYTE);
    private final GuestMemory memory = new GuestMemory(host, 64L * MEBIBYTE);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void aKernelWithA64BitEntryIsEnteredThereWithBootParamsInRsi() throws Exception {
        Entry entry = load(kernel(true), null, "quiet");
        assertThat(entry).isEqualTo(new Entry.LongMode(0x100_0200, BOOT_PARAMS));
        assertThat(memory.read(0x100_0000, 1)).isEqualTo(0x90);
    }

    @Test
    void aKernelWithoutIsEnteredIn32BitMode() throws Exception {
        Entry entry = load(kernel(false), null, "quiet");
        assertThat(entry).isEqualTo(new Entry.ProtectedMode(0x100_0000, 0, 0, (int) BOOT_PARAMS));
    }

    @Test
    void theLastParagraphOfAKernelNeedNotBeWhole() throws Exception {
        byte[] whole = kernel(true).bytes();
        load(new Image("vmlinuz", Arrays.copyOf(whole, whole.length - 15)), null, "");
        assertThat(memory.read(0x100_0FF0, 2)).isEqualTo(0x0090);
        Image lacking = new Image("vmlinuz", Arrays.copyOf(whole, whole.length - 16));
        refused(lacking, null, "", "vmlinuz: truncated kernel: its header promises " + whole.length);
    }

    @Test
    void bootParamsHoldHeaderCommandLineMemoryMapAndRootPointer() throws Exception {
        load(kernel(true), null, "console=ttyS0");
        assertThat(memory.read(BOOT_PARAMS + 0x202, 4)).isEqualTo(0x53726448);
        assertThat(memory.read(BOOT_PARAMS + 0x210, 1)).isEqualTo(0xFF);
        assertThat(memory.read(BOOT_PARAMS + 0x070, 8)).isEqualTo(RSDP);
        byte[] text = new byte[13];
        memory.read(memory.read(BOOT_PARAMS + 0x228, 4), text, 0, text.length);
        assertThat(new String(text, StandardCharsets.US_ASCII)).isEqualTo("console=ttyS0");
        assertThat(memory.read(BOOT_PARAMS + 0x1E8, 1)).isEqualTo(4);
        assertThat(memory.read(BOOT_PARAMS + 0x2D0 + 3 * 20, 8)).isEqualTo(0x10_0000);
        assertThat(memory.read(BOOT_PARAMS + 0x2D0 + 3 * 20 + 8, 8)).isEqualTo(63L * MEBIBYTE);
    }

    @Test
    void theInitialFileSystemIsPlacedAtTheTopOfMemory() throws Exception {
        load(kernel(true), new Image("initrd", new byte[] {1, 2, 3}), "");
        long address = memory.read(BOOT_PARAMS + 0x218, 4);
        assertThat(address).isEqualTo(64L * MEBIBYTE - 4096);
        assertThat(memory.read(BOOT_PARAMS + 0x21C, 4)).isEqualTo(3);
        assertThat(memory.read(address, 4)).isEqualTo(0x030201);
    }

    @Test
    void badImagesGetOneLineThatNamesThem() {
        refused(new Image("vmlinuz", new byte[100]), null, "", "vmlinuz: truncated kernel: 100 bytes do not even hold");
        refused(
                new Image("vmlinuz", new byte[1000]),
                null,
                "",
                "vmlinuz: not a Linux bzImage: no \"HdrS\" at offset 0x202");
        byte[] whole = kernel(true).bytes();
        byte[] half = Arrays.copyOf(whole, whole.length / 2);
        refused(new Image("vmlinuz", half), null, "", "vmlinuz: truncated kernel: its header promises " + whole.length);
        refused(
                kernel(true),
                new Image("initrd", new byte[60 * MEBIBYTE]),
                "",
                "initrd: initrd of 60 MiB does not fit: the VM's memory has room for 32 MiB after the kernel");
        refused(kernel(true), null, "x".repeat(3000), "command line of 3000 bytes: vmlinuz takes at most 2047");
    }

    @Test
    void aKernelMayTakeACommandLineOfAnyLength() throws Exception {
        Image kernel = kernel(true);
        kernel.buffer().putInt(0x238, -1);
        load(kernel, null, "quiet");
        assertThat(memory.read(memory.read(BOOT_PARAMS + 0x228, 4), 1)).isEqualTo('q');
    }

    @Test
    void anOldProtocolIsRefused() {
        Image old = kernel(true);
        old.buffer().putShort(0x206, (short) 0x0203);
        refused(old, null, "", "vmlinuz: Linux boot protocol 2.03 is too old: expected 2.10 or later");
    }

    @Test
    void aKernelThatDoesNotFitIsRefused() {
        Image large = kernel(true);
        large.buffer().putInt(0x260, 50 * MEBIBYTE);
        refused(large, null, "", "vmlinuz: the kernel needs memory up to 66 MiB to start, the VM has 64 MiB");
    }

    private void refused(Image kernel, @Nullable Image initrd, String commandLine, String message) {
        assertThatThrownBy(() -> load(kernel, initrd, commandLine))
                .isInstanceOf(InvalidImageException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
    }

    private Entry load(Image kernel, @Nullable Image initrd, String commandLine) throws InvalidImageException {
        return LinuxLoader.load(memory, new BootSource.Linux(kernel, initrd, commandLine), RSDP);
    }

    /** A bzImage of protocol 2.15 whose code is 4 KiB of NOPs; it wants 16 MiB at 16 MiB. */
    private static Image kernel(boolean entry64) {
        int setup = 5 * 512;
        byte[] bytes = new byte[setup + 4096];
        Arrays.fill(bytes, setup, bytes.length, (byte) 0x90);
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0x1F1, (byte) 4);
        header.putInt(0x1F4, 4096 / 16);
        header.putShort(0x1FE, (short) 0xAA55);
        header.put(0x201, (byte) 0x66);
        header.putInt(0x202, 0x53726448);
        header.putShort(0x206, (short) 0x020F);
        header.put(0x211, (byte) 1);
        header.putInt(0x22C, 0x7FFF_FFFF);
        header.put(0x234, (byte) 1);
        header.putShort(0x236, (short) (entry64 ? 1 : 0));
        header.putInt(0x238, 2047);
        header.putLong(0x258, 0x100_0000);
        header.putInt(0x260, 16 * MEBIBYTE);
        return new Image("vmlinuz", bytes);
    }
}
