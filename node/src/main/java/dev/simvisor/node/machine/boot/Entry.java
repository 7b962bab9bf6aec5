package dev.simvisor.node.machine.boot;

import static dev.simvisor.node.cpu.AccessRights.ACCESSED;
import static dev.simvisor.node.cpu.AccessRights.CODE;
import static dev.simvisor.node.cpu.AccessRights.CODE_OR_DATA;
import static dev.simvisor.node.cpu.AccessRights.DEFAULT_BIG;
import static dev.simvisor.node.cpu.AccessRights.GRANULARITY;
import static dev.simvisor.node.cpu.AccessRights.LONG;
import static dev.simvisor.node.cpu.AccessRights.PRESENT;
import static dev.simvisor.node.cpu.AccessRights.READABLE;
import static dev.simvisor.node.cpu.AccessRights.UNUSABLE;
import static dev.simvisor.node.cpu.AccessRights.WRITABLE;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ModelSpecificRegisters;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** How a processor enters a loaded image, with flat segments and interrupts disabled. */
public sealed interface Entry {
    /** Selectors that the Linux boot protocol calls __BOOT_CS and __BOOT_DS. */
    int CODE_SELECTOR = 0x10;

    int DATA_SELECTOR = 0x18;

    /** Where loaders keep what the processor needs at entry: a GDT, and page tables for long mode. */
    long GDT_ADDRESS = 0x7000;

    long PAGE_TABLES_ADDRESS = 0x8000;

    /** Sets the processor's registers, after a reset. */
    void enter(Cpu cpu, GuestMemory memory);

    /** 32-bit protected mode without paging. */
    record ProtectedMode(int eip, int eax, int ebx, int esi) implements Entry {
        @Override
        public void enter(Cpu cpu, GuestMemory memory) {
            Flat.loadSegments(cpu, memory, DEFAULT_BIG);
            cpu.cr0 = ControlRegister.CR0_PE | ControlRegister.CR0_ET;
            cpu.rip = Integer.toUnsignedLong(eip);
            cpu.reg32(Cpu.RAX, eax);
            cpu.reg32(Cpu.RBX, ebx);
            cpu.reg32(Cpu.RSI, esi);
            cpu.gpr[Cpu.RDX] = 0;
            cpu.updateMode();
        }
    }

    /** 64-bit mode with the first 4 GiB mapped onto themselves. */
    record LongMode(long rip, long rsi) implements Entry {
        @Override
        public void enter(Cpu cpu, GuestMemory memory) {
            Flat.loadSegments(cpu, memory, LONG);
            Flat.mapFirstFourGibibytes(memory);
            cpu.cr3 = PAGE_TABLES_ADDRESS;
            cpu.cr4 = ControlRegister.CR4_PAE;
            cpu.msr.efer = ModelSpecificRegisters.EFER_LME | ModelSpecificRegisters.EFER_LMA;
            cpu.cr0 = ControlRegister.CR0_PE | ControlRegister.CR0_ET | ControlRegister.CR0_PG;
            cpu.rip = rip;
            cpu.gpr[Cpu.RSI] = rsi;
            cpu.gpr[Cpu.RDX] = 0;
            cpu.updateMode();
        }
    }

    /** The flat segments and the identity mapping that both entries share. */
    final class Flat {
        private static final int CODE_RIGHTS = PRESENT | CODE_OR_DATA | CODE | READABLE | ACCESSED | GRANULARITY;
        private static final int DATA_RIGHTS = PRESENT | CODE_OR_DATA | WRITABLE | ACCESSED | GRANULARITY | DEFAULT_BIG;
        private static final long LIMIT = 0xFFFF_FFFFL;
        private static final int PAGE = 0x1000;
        private static final int PRESENT_WRITABLE = 0x3;
        private static final int LARGE_PAGE = 0x80;
        private static final int ENTRIES = 512;
        private static final int LARGE_PAGE_SHIFT = 21;
        private static final int GIBIBYTES = 4;

        private Flat() {}

        private static void loadSegments(Cpu cpu, GuestMemory memory, int codeSizeRight) {
            int codeRights = CODE_RIGHTS | codeSizeRight;
            ByteBuffer gdt = ByteBuffer.allocate(DATA_SELECTOR + 8).order(ByteOrder.LITTLE_ENDIAN);
            gdt.putLong(CODE_SELECTOR, descriptor(codeRights)).putLong(DATA_SELECTOR, descriptor(DATA_RIGHTS));
            memory.write(GDT_ADDRESS, gdt.array());
            cpu.gdtrBase = GDT_ADDRESS;
            cpu.gdtrLimit = gdt.capacity() - 1;
            cpu.idtrLimit = 0;
            for (int segment = 0; segment <= SegmentRegister.GS; segment++) {
                boolean code = segment == SegmentRegister.CS;
                cpu.selector[segment] = code ? CODE_SELECTOR : DATA_SELECTOR;
                cpu.segmentBase[segment] = 0;
                cpu.segmentLimit[segment] = LIMIT;
                cpu.segmentRights[segment] = code ? codeRights : DATA_RIGHTS;
            }
            cpu.segmentRights[SegmentRegister.LDTR] = UNUSABLE;
            cpu.otherFlags = Flags.RESERVED_ONE;
        }

        /** A descriptor with base 0 and a limit of 4 GiB (SDM Vol 3A figure 3-8). */
        private static long descriptor(int rights) {
            return 0xFFFFL | (long) rights << 40 | 0xFL << 48;
        }

        private static void mapFirstFourGibibytes(GuestMemory memory) {
            ByteBuffer tables = ByteBuffer.allocate((2 + GIBIBYTES) * PAGE).order(ByteOrder.LITTLE_ENDIAN);
            long pointers = PAGE_TABLES_ADDRESS + PAGE;
            tables.putLong(0, pointers | PRESENT_WRITABLE);
            for (int i = 0; i < GIBIBYTES; i++) {
                tables.putLong(PAGE + i * 8, pointers + (long) (i + 1) * PAGE | PRESENT_WRITABLE);
            }
            for (int i = 0; i < GIBIBYTES * ENTRIES; i++) {
                tables.putLong(2 * PAGE + i * 8, (long) i << LARGE_PAGE_SHIFT | LARGE_PAGE | PRESENT_WRITABLE);
            }
            memory.write(PAGE_TABLES_ADDRESS, tables.array());
        }
    }
}
