package dev.simvisor.node.machine;

import dev.simvisor.node.cpu.SystemBus;
import dev.simvisor.node.machine.bus.DoublewordRegisters;
import dev.simvisor.node.machine.device.apic.LocalApic;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;

/** What one processor sees of the board: memory, devices and ports, which it shares with others, and its own local APIC. */
final class ProcessorBus implements SystemBus {
    /** Size of the local APIC's registers, and of a page. */
    private static final int APIC_SIZE = 0x1000;

    private final Board board;
    private final GuestMemory memory;
    private final LocalApic localApic;
    private final DoublewordRegisters localApicRegisters;

    ProcessorBus(Board board, LocalApic localApic) {
        this.board = board;
        this.memory = board.memory;
        this.localApic = localApic;
        this.localApicRegisters = Board.doublewords(localApic::read, localApic::write);
    }

    @Override
    public long directRead(long physicalPage) {
        return memory.directRead(physicalPage);
    }

    @Override
    public long directWrite(long physicalPage) {
        return memory.directWrite(physicalPage);
    }

    @Override
    public boolean isMemory(long physicalPage) {
        return memory.isMemory(physicalPage >>> MachineMemory.FRAME_SHIFT);
    }

    @Override
    public long read(long physicalAddress, int size) {
        if (memory.isMemory(physicalAddress >>> MachineMemory.FRAME_SHIFT)) {
            return memory.read(physicalAddress, size);
        }
        long apicOffset = physicalAddress - localApic.registersAddress();
        if (apicOffset >= 0 && apicOffset < APIC_SIZE && localApic.registersAddress() >= 0) {
            return localApicRegisters.read(apicOffset, size);
        }
        return board.devices.read(physicalAddress, size);
    }

    @Override
    public void write(long physicalAddress, int size, long value) {
        if (memory.isMemory(physicalAddress >>> MachineMemory.FRAME_SHIFT)) {
            memory.write(physicalAddress, size, value);
            return;
        }
        long apicOffset = physicalAddress - localApic.registersAddress();
        if (apicOffset >= 0 && apicOffset < APIC_SIZE && localApic.registersAddress() >= 0) {
            localApicRegisters.write(apicOffset, size, value);
        } else {
            board.devices.write(physicalAddress, size, value);
        }
    }

    @Override
    public boolean isComplete() {
        return memory.isComplete();
    }

    @Override
    public int in(int port, int size) {
        return (int) board.ports.read(port, size);
    }

    @Override
    public void out(int port, int size, int value) {
        board.ports.write(port, size, Integer.toUnsignedLong(value));
    }

    @Override
    public void watchCode(long physicalPage) {
        memory.watchCode(physicalPage);
    }

    @Override
    public void unwatchCode(long physicalPage) {
        memory.unwatchCode(physicalPage);
    }
}
