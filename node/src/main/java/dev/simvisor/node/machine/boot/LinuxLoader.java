package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads a bzImage as the 64-bit boot protocol asks, or the 32-bit one if the kernel has no 64-bit entry (Linux,
 * Documentation/arch/x86/boot.rst, protocol 2.10 and later).
 */
public final class LinuxLoader {
    // Offsets of the setup header's fields in the file and in boot_params alike
    private static final int SETUP_SECTORS = 0x1F1;
    private static final int SYSTEM_SIZE = 0x1F4; // in paragraphs
    private static final int BOOT_FLAG = 0x1FE;
    private static final int JUMP_LENGTH = 0x201;
    private static final int HEADER_MAGIC = 0x202;
    private static final int PROTOCOL_VERSION = 0x206;
    private static final int LOADER_TYPE = 0x210;
    private static final int LOAD_FLAGS = 0x211;
    private static final int CODE32_START = 0x214;
    private static final int INITRD_ADDRESS = 0x218;
    private static final int INITRD_SIZE = 0x21C;
    private static final int COMMAND_LINE_POINTER = 0x228;
    private static final int INITRD_ADDRESS_MAX = 0x22C;
    private static final int RELOCATABLE = 0x234;
    private static final int EXTENDED_LOAD_FLAGS = 0x236;
    private static final int COMMAND_LINE_SIZE = 0x238;
    private static final int PREFERRED_ADDRESS = 0x258;
    private static final int INIT_SIZE = 0x260;
    private static final int HEADER_END = 0x268;

    // Further fields of boot_params (Documentation/arch/x86/zero-page.rst)
    private static final int ACPI_RSDP = 0x070;
    private static final int E820_ENTRIES = 0x1E8;
    private static final int E820_TABLE = 0x2D0;
    private static final int BOOT_PARAMS_SIZE = 0x1000;

    private static final int MAGIC = 0x53726448; // "HdrS"
    private static final int OLDEST_PROTOCOL = 0x020A; // first with pref_address and init_size
    private static final int SECTOR = 512;
    private static final int PARAGRAPH = 16;
    private static final int DEFAULT_SETUP_SECTORS = 4;
    private static final int LOADED_HIGH = 0x01;
    private static final int HAS_64_BIT_ENTRY = 0x01;
    private static final int UNDEFINED_LOADER = 0xFF;
    private static final long LEGACY_LOAD_ADDRESS = 0x10_0000;
    private static final int ENTRY_64_OFFSET = 0x200;

    private static final long BOOT_PARAMS_ADDRESS = 0x1_0000;
    private static final long COMMAND_LINE_ADDRESS = 0x2_0000;
    private static final long PAGE_MASK = ~0xFFFL;

    private final GuestMemory memory;
    private final Image kernel;
    private final ByteBuffer header;

    private LinuxLoader(GuestMemory memory, Image kernel) {
        this.memory = memory;
        this.kernel = kernel;
        this.header = kernel.buffer();
    }

    /**
     * Loads kernel, initial file system and command line.
     *
     * @param rsdp address of the ACPI root pointer
     * @throws InvalidImageException when something is wrong with them; memory may have changed
     */
    public static Entry load(GuestMemory memory, BootSource.Linux source, long rsdp) throws InvalidImageException {
        return new LinuxLoader(memory, source.kernel()).load(source.initrd(), source.commandLine(), rsdp);
    }

    private Entry load(@Nullable Image initrd, String commandLine, long rsdp) throws InvalidImageException {
        checkHeader();
        int setupSectors = header.get(SETUP_SECTORS) & 0xFF;
        int codeOffset = (1 + (setupSectors == 0 ? DEFAULT_SETUP_SECTORS : setupSectors)) * SECTOR;
        long codeSize = Integer.toUnsignedLong(header.getInt(SYSTEM_SIZE)) * PARAGRAPH;
        long codeInFile = Math.min(codeSize, kernel.length() - codeOffset);
        // The size is rounded up to paragraphs, and not every build pads its file.
        if (codeInFile <= codeSize - PARAGRAPH) {
            throw kernel.invalid("truncated kernel: its header promises " + (codeOffset + codeSize)
                    + " bytes, the file has " + kernel.length());
        }
        long address = loadAddress();
        long end = address + Math.max(Integer.toUnsignedLong(header.getInt(INIT_SIZE)), codeSize);
        if (end > memory.lowEnd()) {
            throw kernel.invalid("the kernel needs memory up to " + mebibytes(end) + " MiB to start, the VM has "
                    + mebibytes(memory.bytes()) + " MiB");
        }
        memory.write(address, kernel.bytes(), codeOffset, (int) codeInFile);
        writeBootParams(address, commandLine, initrd, initrd == null ? 0 : placeInitrd(initrd, end), rsdp);
        boolean has64BitEntry = (header.getShort(EXTENDED_LOAD_FLAGS) & HAS_64_BIT_ENTRY) != 0;
        return has64BitEntry
                ? new Entry.LongMode(address + ENTRY_64_OFFSET, BOOT_PARAMS_ADDRESS)
                : new Entry.ProtectedMode((int) address, 0, 0, (int) BOOT_PARAMS_ADDRESS);
    }

    private void checkHeader() throws InvalidImageException {
        if (kernel.length() < HEADER_END) {
            throw kernel.invalid("truncated kernel: " + kernel.length() + " bytes do not even hold a bzImage's header");
        }
        if ((header.getShort(BOOT_FLAG) & 0xFFFF) != 0xAA55 || header.getInt(HEADER_MAGIC) != MAGIC) {
            throw kernel.invalid("not a Linux bzImage: no \"HdrS\" at offset 0x202");
        }
        int version = header.getShort(PROTOCOL_VERSION) & 0xFFFF;
        if (version < OLDEST_PROTOCOL) {
            throw kernel.invalid("Linux boot protocol %d.%02d is too old: expected 2.10 or later"
                    .formatted(version >> 8, version & 0xFF));
        }
        if ((header.get(LOAD_FLAGS) & LOADED_HIGH) == 0) {
            throw kernel.invalid("a zImage, loaded below 1 MiB: expected a bzImage");
        }
    }

    private long loadAddress() {
        return header.get(RELOCATABLE) != 0 ? header.getLong(PREFERRED_ADDRESS) : LEGACY_LOAD_ADDRESS;
    }

    /** As high as kernel and memory allow, as the protocol asks. */
    private long placeInitrd(Image initrd, long kernelEnd) throws InvalidImageException {
        long limit = Math.min(Integer.toUnsignedLong(header.getInt(INITRD_ADDRESS_MAX)) + 1, memory.lowEnd());
        long address = (limit - initrd.length()) & PAGE_MASK;
        if (address < kernelEnd) {
            throw initrd.invalid(
                    "initrd of " + mebibytes(initrd.length()) + " MiB does not fit: the VM's memory has room for "
                            + mebibytes(Math.max(0, limit - kernelEnd)) + " MiB after the kernel");
        }
        memory.write(address, initrd.bytes());
        return address;
    }

    private void writeBootParams(
            long address, String commandLine, @Nullable Image initrd, long initrdAddress, long rsdp)
            throws InvalidImageException {
        ByteBuffer params = ByteBuffer.allocate(BOOT_PARAMS_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        int headerEnd = HEADER_MAGIC + (header.get(JUMP_LENGTH) & 0xFF);
        params.put(SETUP_SECTORS, kernel.bytes(), SETUP_SECTORS, Math.min(headerEnd, kernel.length()) - SETUP_SECTORS);
        params.put(LOADER_TYPE, (byte) UNDEFINED_LOADER);
        params.putInt(CODE32_START, (int) address);
        params.putInt(COMMAND_LINE_POINTER, (int) placeCommandLine(commandLine));
        params.putInt(INITRD_ADDRESS, (int) initrdAddress);
        params.putInt(INITRD_SIZE, initrd == null ? 0 : initrd.length());
        params.putLong(ACPI_RSDP, rsdp);
        List<MemoryMap.Range> map = MemoryMap.of(memory);
        params.put(E820_ENTRIES, (byte) map.size());
        params.position(E820_TABLE);
        for (MemoryMap.Range range : map) {
            params.putLong(range.start())
                    .putLong(range.length())
                    .putInt(range.kind().value());
        }
        memory.write(BOOT_PARAMS_ADDRESS, params.array());
    }

    private long placeCommandLine(String commandLine) throws InvalidImageException {
        byte[] bytes = (commandLine + '\0').getBytes(StandardCharsets.UTF_8);
        long longest = Integer.toUnsignedLong(header.getInt(COMMAND_LINE_SIZE));
        if (bytes.length - 1 > longest) {
            throw new InvalidImageException(
                    "command line of " + (bytes.length - 1) + " bytes: " + kernel.name() + " takes at most " + longest);
        }
        memory.write(COMMAND_LINE_ADDRESS, bytes);
        return COMMAND_LINE_ADDRESS;
    }

    private static long mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }
}
