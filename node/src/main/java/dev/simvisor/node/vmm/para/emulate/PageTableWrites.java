package dev.simvisor.node.vmm.para.emulate;

import static dev.simvisor.node.machine.memory.MachineMemory.FRAME_SHIFT;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.system.FlatSegments;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.DomainMemory;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;

/**
 * Stores of the guest's kernel to level-1 page tables, which are read-only to it: the VMM executes the instruction that
 * faulted, and what it stores becomes an update like one by hypercall.
 *
 * <p>The instruction runs on a second processor, which shares the registers of the first, in a ring where read-only pages can
 * be written; its bus lets a store reach the one page table, and nothing else.
 */
public final class PageTableWrites {
    private final Vcpu vcpu;
    private final Domain domain;
    private final Cpu cpu;
    private final Cpu emulator;
    private final Interpreter interpreter;
    /** gfn of the page table that may be written. */
    private int table = DomainMemory.NONE;

    public PageTableWrites(Vcpu vcpu) {
        this.vcpu = vcpu;
        domain = vcpu.domain();
        cpu = vcpu.cpu();
        emulator = new Cpu(new TableBus(), cpu);
        emulator.deprivileged = true;
        emulator.timestampCounter = cpu.timestampCounter;
        interpreter = new Interpreter(emulator);
    }

    /** After a fault of the kernel's because of write protection: whether the VMM has done the store. */
    public boolean emulate(Instruction instruction, long linear) {
        long entry = domain.paging().entryOf(vcpu.kernelTable(), linear);
        int gfn = domain.memory().gfn(PageTableEntry.mfn(entry));
        if (!PageTableEntry.isPresent(entry) || PageTableEntry.isWritable(entry) || gfn == DomainMemory.NONE)
            return false;
        if (domain.frames().type(gfn) != FrameType.L1) return false;
        table = gfn;
        enter();
        interpreter.emulate(instruction);
        if (emulator.exit.kind != Exit.Kind.NONE) return false;
        domain.ledger().count(ExitKind.PAGE_TABLE_WRITE);
        cpu.rip = emulator.rip;
        cpu.flagResult = emulator.flagResult;
        cpu.flagAux = emulator.flagAux;
        cpu.completedInstructions++;
        return true;
    }

    private void enter() {
        emulator.cr0 = cpu.cr0 & ~ControlRegister.CR0_WP;
        emulator.cr3 = cpu.cr3;
        emulator.cr4 = cpu.cr4;
        emulator.msr.efer = cpu.msr.efer;
        emulator.rip = cpu.rip;
        emulator.flagResult = cpu.flagResult;
        emulator.flagAux = cpu.flagAux;
        emulator.otherFlags = cpu.otherFlags;
        emulator.mxcsr = cpu.mxcsr;
        FlatSegments.setCode(emulator, 0, 0, 64);
        FlatSegments.setStack(emulator, 0, 0);
        emulator.segmentBase[SegmentRegister.FS] = cpu.segmentBase[SegmentRegister.FS];
        emulator.segmentBase[SegmentRegister.GS] = cpu.segmentBase[SegmentRegister.GS];
        emulator.memory.invalidateAll();
        emulator.updateMode();
        emulator.exit.clear();
    }

    private final class TableBus implements SystemBus {
        @Override
        public long directRead(long physicalPage) {
            return cpu.bus.directRead(physicalPage);
        }

        @Override
        public long directWrite(long physicalPage) {
            return 0;
        }

        @Override
        public long read(long physicalAddress, int size) {
            return cpu.bus.read(physicalAddress, size);
        }

        /**
         * Of what does not go to the table there are only accessed and dirty flags, which nobody misses. A store that is not
         * aligned is no update of one entry; Xen leaves it to the guest as a page fault (ptwr_emulated_write in mm.c).
         */
        @Override
        public void write(long physicalAddress, int size, long value) {
            if (domain.memory().gfn(physicalAddress >>> FRAME_SHIFT) != table) return;
            if ((physicalAddress & size - 1) != 0) throw emulator.generalProtection(0);
            int index = (int) (physicalAddress >>> 3) & PageTableEntry.ENTRIES - 1;
            int shift = 8 * (int) (physicalAddress & 7);
            long mask = size == 8 ? -1 : (1L << 8 * size) - 1 << shift;
            try {
                long old = domain.paging().entry(table, index);
                domain.paging().update(table, index, old & ~mask | value << shift & mask, false);
            } catch (XenError refused) {
                throw emulator.generalProtection(0);
            }
        }

        @Override
        public int in(int port, int size) {
            throw new IllegalStateException("a port is no page table");
        }

        @Override
        public void out(int port, int size, int value) {
            throw new IllegalStateException("a port is no page table");
        }

        @Override
        public void watchCode(long physicalPage) {}

        @Override
        public void unwatchCode(long physicalPage) {}
    }
}
