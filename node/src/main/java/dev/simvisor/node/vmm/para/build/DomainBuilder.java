package dev.simvisor.node.vmm.para.build;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;
import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SIZE;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.machine.boot.ElfImage;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.vmm.para.abi.StartInfo;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameTable;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Loads a paravirtual kernel: an ELF file with Xen's notes, by itself or within a bzImage. Its memory is that of the header
 * xen.h: kernel, initial file system, p2m, start info, rings of xenstore and console, page tables and stack, mapped from the
 * kernel's virtual base on, the page tables read-only.
 */
public final class DomainBuilder {
    private static final int LONGEST_COMMAND_LINE = 1023;
    private static final String MAGIC = "xen-3.0-x86_64";
    /** SIF_MOD_START_PFN: the initial file system is named by its first frame, for it is not mapped. */
    private static final int MODULE_BY_FRAME = 1 << 3;

    private static final long TABLE = PageTableEntry.PRESENT
            | PageTableEntry.WRITABLE
            | PageTableEntry.USER
            | PageTableEntry.ACCESSED
            | PageTableEntry.DIRTY;
    private static final long READ_ONLY_PAGE = PageTableEntry.PRESENT | PageTableEntry.ACCESSED;
    private static final long PAGE = READ_ONLY_PAGE | PageTableEntry.WRITABLE | PageTableEntry.DIRTY;

    private final Domain domain;
    private final DomainMemory frames;
    private final GuestMemory memory;
    private final Image kernel;
    private final XenNotes notes;
    private final ElfImage elf;
    private final long virtualBase;
    private final long physicalOffset;

    private DomainBuilder(Domain domain, Image kernel) throws InvalidImageException {
        this.domain = domain;
        this.frames = domain.memory();
        this.memory = frames.memory();
        this.kernel = kernel;
        elf = ElfImage.parse(kernel);
        notes = XenNotes.read(kernel);
        virtualBase = notes.number(XenNotes.VIRT_BASE).orElse(0);
        physicalOffset = notes.number(XenNotes.PADDR_OFFSET).orElse(0);
    }

    /**
     * Loads a kernel into a new domain and points its first vCPU at the entry.
     *
     * @param module an initial file system
     * @param consolePort makes the console's backend for the frame of its ring, and returns the guest's port
     * @param xenstorePort the same of xenstore; 0 if there is none
     * @throws InvalidImageException when something is wrong with the images; the domain is of no use then
     */
    public static void build(
            Domain domain,
            Image kernel,
            @Nullable Image module,
            String commandLine,
            IntUnaryOperator consolePort,
            IntUnaryOperator xenstorePort)
            throws InvalidImageException {
        new DomainBuilder(domain, KernelPayload.of(kernel)).build(module, commandLine, consolePort, xenstorePort);
    }

    private void build(
            @Nullable Image module, String commandLine, IntUnaryOperator consolePort, IntUnaryOperator xenstorePort)
            throws InvalidImageException {
        byte[] line = commandLine.getBytes(StandardCharsets.UTF_8);
        if (line.length > LONGEST_COMMAND_LINE) {
            throw new InvalidImageException("command line of " + line.length + " bytes: " + kernel.name()
                    + " takes at most " + LONGEST_COMMAND_LINE);
        }
        boolean byFrame = notes.number(XenNotes.MOD_START_PFN).orElse(0) != 0;
        long p2mVirtual = notes.number(XenNotes.INIT_P2M).orElse(0);
        int p2mFrames = framesOf(8L * frames.guestFrames());
        Layout layout = Layout.of(
                virtualBase,
                kernelEnd(),
                module == null ? 0 : framesOf(module.length()),
                !byFrame,
                p2mFrames,
                p2mVirtual);
        if (layout.end() > frames.guestFrames()) {
            throw kernel.invalid("the kernel needs memory up to " + mebibytes(layout.end())
                    + " MiB to start, the VM has " + mebibytes(frames.guestFrames()) + " MiB");
        }
        loadKernel();
        if (module != null) memory.write((long) layout.module() << FRAME_SHIFT, module.bytes());
        ownFrames(layout.p2m());
        pageTables(layout, p2mVirtual, p2mFrames);
        writeStartInfo(
                layout,
                line,
                module == null ? 0 : module.length(),
                byFrame,
                p2mVirtual,
                consolePort.applyAsInt(layout.console()),
                xenstorePort.applyAsInt(layout.xenstore()));
        start(layout);
    }

    private static int framesOf(long bytes) {
        return (int) Math.ceilDiv(bytes, FRAME_SIZE);
    }

    private static long mebibytes(long frames) {
        return Math.ceilDiv(frames, 256);
    }

    // ---- the kernel

    private int kernelEnd() throws InvalidImageException {
        long end = 0;
        for (ElfImage.Segment segment : elf.segments()) {
            long start = segment.physicalAddress() - physicalOffset;
            if (start < 0 || start + segment.memorySize() > (long) frames.guestFrames() << FRAME_SHIFT) {
                throw kernel.invalid("a segment at 0x%x..0x%x is outside the VM's memory"
                        .formatted(start, start + segment.memorySize()));
            }
            end = Math.max(end, start + segment.memorySize());
        }
        return framesOf(end);
    }

    private void loadKernel() {
        for (ElfImage.Segment segment : elf.segments()) {
            memory.write(
                    segment.physicalAddress() - physicalOffset,
                    kernel.bytes(),
                    segment.fileOffset(),
                    segment.fileSize());
        }
        notes.number(XenNotes.HYPERCALL_PAGE)
                .ifPresent(address -> memory.write(address - virtualBase, HypercallPage.bytes()));
    }

    // ---- frames and page tables

    /** Every frame is the domain's, and p2m and machine-to-physical table say so. */
    private void ownFrames(int p2m) {
        for (int gfn = 0; gfn < frames.guestFrames(); gfn++) {
            domain.frames().allocate(gfn);
            domain.space().physical(gfn, gfn);
            memory.write(((long) p2m << FRAME_SHIFT) + 8L * gfn, 8, frames.mfn(gfn));
        }
    }

    private void pageTables(Layout layout, long p2mVirtual, int p2mFrames) {
        TableAllocator tables = new TableAllocator(layout.pageTables());
        int root = tables.next();
        for (int page = 0; page < layout.mappedEnd(); page++) {
            boolean table = page >= layout.pageTables() && page < layout.pageTables() + layout.pageTableCount();
            map(root, tables, virtualBase + ((long) page << FRAME_SHIFT), page, table ? READ_ONLY_PAGE : PAGE);
        }
        if (p2mVirtual == 0) return;
        TableAllocator p2mTables = new TableAllocator(layout.p2mTables());
        for (int page = 0; page < p2mFrames; page++) {
            map(root, p2mTables, p2mVirtual + ((long) page << FRAME_SHIFT), layout.p2m() + page, PAGE);
        }
    }

    private static final class TableAllocator {
        private int next;

        TableAllocator(int first) {
            next = first;
        }

        int next() {
            return next++;
        }
    }

    private void map(int root, TableAllocator tables, long linear, int gfn, long flags) {
        FrameTable table = domain.frames();
        int at = root;
        for (int level = 4; level > 1; level--) {
            int index = PageTableEntry.index(linear, level);
            long entry = table.read(at, index);
            if (entry == 0) {
                entry = PageTableEntry.of(frames.mfn(tables.next()), TABLE);
                table.write(at, index, entry);
            }
            at = frames.gfn(PageTableEntry.mfn(entry));
        }
        table.write(at, PageTableEntry.index(linear, 1), PageTableEntry.of(frames.mfn(gfn), flags));
    }

    // ---- start info and registers

    private long virtual(int frame) {
        return virtualBase + ((long) frame << FRAME_SHIFT);
    }

    private void writeStartInfo(
            Layout layout,
            byte[] commandLine,
            int moduleBytes,
            boolean byFrame,
            long p2mVirtual,
            int consolePort,
            int xenstorePort) {
        long at = (long) layout.startInfo() << FRAME_SHIFT;
        memory.write(at + StartInfo.MAGIC, MAGIC.getBytes(StandardCharsets.US_ASCII));
        memory.write(at + StartInfo.PAGES, 8, frames.guestFrames());
        memory.write(at + StartInfo.SHARED_INFO, 8, frames.mfn(domain.shared().gfn()) << FRAME_SHIFT);
        memory.write(at + StartInfo.FLAGS, 4, moduleBytes != 0 && byFrame ? MODULE_BY_FRAME : 0);
        memory.write(at + StartInfo.STORE_FRAME, 8, frames.mfn(layout.xenstore()));
        memory.write(at + StartInfo.STORE_PORT, 4, xenstorePort);
        memory.write(at + StartInfo.CONSOLE_FRAME, 8, frames.mfn(layout.console()));
        memory.write(at + StartInfo.CONSOLE_PORT, 4, consolePort);
        memory.write(at + StartInfo.PAGE_TABLES, 8, virtual(layout.pageTables()));
        memory.write(at + StartInfo.PAGE_TABLE_FRAMES, 8, layout.pageTableCount());
        memory.write(at + StartInfo.FRAME_LIST, 8, p2mVirtual == 0 ? virtual(layout.p2m()) : p2mVirtual);
        if (moduleBytes != 0) {
            memory.write(at + StartInfo.MODULE, 8, byFrame ? layout.module() : virtual(layout.module()));
            memory.write(at + StartInfo.MODULE_LENGTH, 8, moduleBytes);
        }
        memory.write(at + StartInfo.COMMAND_LINE, Arrays.copyOf(commandLine, commandLine.length + 1));
        if (p2mVirtual != 0) {
            memory.write(at + StartInfo.FIRST_LIST_FRAME, 8, layout.p2m());
            memory.write(
                    at + StartInfo.LIST_FRAMES, 8, layout.p2mTables() + layout.p2mTableCount() - (long) layout.p2m());
        }
    }

    private void start(Layout layout) {
        domain.frames().pin(layout.pageTables(), FrameType.L4);
        Vcpu first = domain.vcpu(0);
        first.kernelTable(layout.pageTables());
        Cpu cpu = first.cpu();
        cpu.gpr[Cpu.RSI] = virtual(layout.startInfo());
        first.kernelStack = virtual(layout.stack() + 1);
        first.kernelStackSelector = HypervisorSpace.FLAT_DATA;
        first.returnTo(
                notes.number(XenNotes.ENTRY).orElse(elf.entry()),
                HypervisorSpace.FLAT_CODE_64,
                Flags.IF,
                first.kernelStack,
                HypervisorSpace.FLAT_DATA);
        first.initialised(true);
        first.up();
    }
}
