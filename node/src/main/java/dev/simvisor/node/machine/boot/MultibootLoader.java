package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Loads a kernel and its modules by the Multiboot Specification 0.6.96 ("Multiboot 1"). */
public final class MultibootLoader {
    private static final int HEADER_MAGIC = 0x1BADB002;
    private static final int LOADER_MAGIC = 0x2BADB002;
    private static final int HEADER_SEARCH = 8192;

    // Header flags, §3.1.2: bits 0 to 15 are demands
    private static final int WANTS_VIDEO = 1 << 2;
    private static final int UNKNOWN_DEMANDS = 0xFFF8;
    private static final int HAS_ADDRESSES = 1 << 16;

    // Information flags and offsets, §3.3
    private static final int HAS_MEMORY = 1;
    private static final int HAS_COMMAND_LINE = 1 << 2;
    private static final int HAS_MODULES = 1 << 3;
    private static final int HAS_MEMORY_MAP = 1 << 6;
    private static final int HAS_LOADER_NAME = 1 << 9;
    private static final int MEMORY_LOWER = 4;
    private static final int MEMORY_UPPER = 8;
    private static final int COMMAND_LINE = 16;
    private static final int MODULE_COUNT = 20;
    private static final int MODULES = 24;
    private static final int MEMORY_MAP_LENGTH = 44;
    private static final int MEMORY_MAP = 48;
    private static final int LOADER_NAME = 64;
    private static final int INFORMATION_SIZE = 116;
    private static final int MODULE_ENTRY = 16;
    private static final int MAP_ENTRY = 24;

    private static final long INFORMATION_ADDRESS = 0x1_0000;

    /** Strings and tables follow the information and stay below this. */
    private static final long INFORMATION_END = 0x3_0000;

    private static final long PAGE_MASK = ~0xFFFL;

    private final GuestMemory memory;
    private final Image kernel;
    private final ByteBuffer information = ByteBuffer.allocate(INFORMATION_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    private long next = INFORMATION_ADDRESS + INFORMATION_SIZE;
    private int flags;

    private MultibootLoader(GuestMemory memory, Image kernel) {
        this.memory = memory;
        this.kernel = kernel;
    }

    /**
     * Loads a kernel and its modules.
     *
     * @throws InvalidImageException when something is wrong with them; memory may have changed
     */
    public static Entry load(GuestMemory memory, BootSource.Multiboot source) throws InvalidImageException {
        return new MultibootLoader(memory, source.kernel()).load(source.commandLine(), source.modules());
    }

    private Entry load(String commandLine, List<Image> modules) throws InvalidImageException {
        checkHeader();
        ElfImage elf = ElfImage.parse(kernel);
        long end = elf.load(kernel, memory);
        information.putInt(COMMAND_LINE, (int) placeString(kernel.name() + " " + commandLine));
        information.putInt(LOADER_NAME, (int) placeString("Simvisor"));
        placeModules(modules, end);
        placeMemoryMap();
        flags |= HAS_COMMAND_LINE | HAS_LOADER_NAME;
        information.putInt(0, flags);
        memory.write(INFORMATION_ADDRESS, information.array());
        return new Entry.ProtectedMode((int) elf.physicalEntry(), LOADER_MAGIC, (int) INFORMATION_ADDRESS, 0);
    }

    private void checkHeader() throws InvalidImageException {
        ByteBuffer file = kernel.buffer();
        int last = Math.min(HEADER_SEARCH, kernel.length()) - 12;
        for (int at = 0; at <= last; at += 4) {
            int demands = file.getInt(at + 4);
            if (file.getInt(at) == HEADER_MAGIC && HEADER_MAGIC + demands + file.getInt(at + 8) == 0) {
                checkDemands(demands);
                return;
            }
        }
        throw kernel.invalid("not a Multiboot kernel: no header in its first 8192 bytes");
    }

    private void checkDemands(int demands) throws InvalidImageException {
        if ((demands & (UNKNOWN_DEMANDS | WANTS_VIDEO)) != 0) {
            throw kernel.invalid(
                    "its Multiboot header demands 0x%x, which this loader does not offer".formatted(demands & 0xFFFF));
        }
        if ((demands & HAS_ADDRESSES) != 0) {
            throw kernel.invalid(
                    "its Multiboot header brings load addresses of its own: expected an ELF kernel without");
        }
    }

    private void placeModules(List<Image> modules, long kernelEnd) throws InvalidImageException {
        if (modules.isEmpty()) {
            return;
        }
        ByteBuffer table = ByteBuffer.allocate(modules.size() * MODULE_ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        long address = kernelEnd;
        for (Image module : modules) {
            address = (address + ~PAGE_MASK) & PAGE_MASK;
            long end = address + module.length();
            if (end > memory.lowEnd() || !memory.write(address, module.bytes())) {
                throw module.invalid("module of " + module.length() + " bytes does not fit into the VM's memory");
            }
            table.putInt((int) address)
                    .putInt((int) end)
                    .putInt((int) placeString(module.name()))
                    .putInt(0);
            address = end;
        }
        information.putInt(MODULE_COUNT, modules.size());
        information.putInt(MODULES, (int) place(table.array()));
        flags |= HAS_MODULES;
    }

    private void placeMemoryMap() throws InvalidImageException {
        information.putInt(MEMORY_LOWER, (int) (MemoryMap.EXTENDED_BIOS_DATA >> 10));
        information.putInt(MEMORY_UPPER, (int) ((memory.lowEnd() - (1 << 20)) >> 10));
        List<MemoryMap.Range> ranges = MemoryMap.of(memory);
        ByteBuffer table = ByteBuffer.allocate(ranges.size() * MAP_ENTRY).order(ByteOrder.LITTLE_ENDIAN);
        for (MemoryMap.Range range : ranges) {
            table.putInt(MAP_ENTRY - 4) // the size does not count itself
                    .putLong(range.start())
                    .putLong(range.length())
                    .putInt(range.kind().value());
        }
        information.putInt(MEMORY_MAP_LENGTH, table.capacity());
        information.putInt(MEMORY_MAP, (int) place(table.array()));
        flags |= HAS_MEMORY | HAS_MEMORY_MAP;
    }

    private long placeString(String text) throws InvalidImageException {
        return place((text + '\0').getBytes(StandardCharsets.UTF_8));
    }

    private long place(byte[] bytes) throws InvalidImageException {
        long address = next;
        if (address + bytes.length > INFORMATION_END) {
            throw new InvalidImageException("command line and module names for " + kernel.name() + " take "
                    + (address + bytes.length - INFORMATION_ADDRESS) + " bytes: expected at most "
                    + (INFORMATION_END - INFORMATION_ADDRESS));
        }
        memory.write(address, bytes);
        next = (address + bytes.length + 7) & ~7;
        return address;
    }
}
