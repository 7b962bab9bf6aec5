package dev.simvisor.node.machine;

import dev.simvisor.node.machine.acpi.AcpiTables;
import dev.simvisor.node.machine.boot.BiosDataArea;
import dev.simvisor.node.machine.boot.BiosServices;
import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.bus.ByteRegisters;
import dev.simvisor.node.machine.bus.DoublewordRegisters;
import dev.simvisor.node.machine.bus.Registers;
import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.node.machine.device.apic.ApicBus;
import dev.simvisor.node.machine.device.apic.IoApic;
import dev.simvisor.node.machine.device.apic.LocalApic;
import dev.simvisor.node.machine.device.debug.DebugPorts;
import dev.simvisor.node.machine.device.firmware.FirmwareConfiguration;
import dev.simvisor.node.machine.device.pic.PicPair;
import dev.simvisor.node.machine.device.pit.Pit8254;
import dev.simvisor.node.machine.device.power.KeyboardController;
import dev.simvisor.node.machine.device.power.PowerControl;
import dev.simvisor.node.machine.device.rtc.Mc146818;
import dev.simvisor.node.machine.device.uart.Uart16550;
import dev.simvisor.node.machine.disk.DiskImage;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.network.NetworkCard;
import dev.simvisor.node.machine.pci.HostBridge;
import dev.simvisor.node.machine.pci.IsaBridge;
import dev.simvisor.node.machine.pci.PciBus;
import dev.simvisor.node.machine.pci.PowerManagement;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.machine.virtio.VirtioBlock;
import dev.simvisor.node.machine.virtio.VirtioConsole;
import dev.simvisor.node.machine.virtio.VirtioNetwork;
import dev.simvisor.node.machine.virtio.VirtioPci;
import dev.simvisor.proto.state.MachineState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Wires memory and chips together, at the places where a PC has them. Its processors see them by a {@link ProcessorBus} each. */
final class Board {
    private static final int PIT_IRQ = 0;
    private static final int COM1_IRQ = 4;
    private static final int RTC_IRQ = 8;
    private static final int SYSTEM_CONTROL_IRQ = 9;

    /** The 8254's request reaches the I/O APIC at pin 2, where the 8259As have their cascade (MADT override). */
    private static final int PIT_IO_APIC_PIN = 2;

    /** Of the four pins of the ISA bridge that PCI interrupts reach. */
    private static final int FIRST_PCI_IO_APIC_PIN = 16;

    private static final int COM1_PORTS = 0x3F8;
    private static final int PM1_EVENT_PORTS = 0x600;
    private static final int PM1_CONTROL_PORTS = 0x604;
    private static final int PM_TIMER_PORT = 0x608;
    private static final int RESET_PORT = 0x60C;

    /** Of port CF9h from CF8h. */
    private static final int RESET_CONTROL_OFFSET = 1;

    // In CMOS memory, as emulators of PCs tell their firmware
    private static final int BOOT_ORDER = 0x3D;
    private static final int HARD_DISK_FIRST = 0x02;

    private static final int FIRMWARE_DEBUG_PORT = 0x402;
    private static final int FIRMWARE_CONFIGURATION_PORTS = 0x510;

    private static final int NETWORK_SLOT = 2;
    private static final int CONSOLE_SLOT = 3;
    private static final int FIRST_DISK_SLOT = 4;
    static final int MOST_DISKS = PciBus.SLOTS - FIRST_DISK_SLOT;

    private static final long PCI_MEMORY_START = 0xE000_0000L;
    private static final long PCI_MEMORY_END = IoApic.DEFAULT_BASE;

    final GuestMemory memory;
    final VirtualClock clock;
    final VirtioConsole virtioConsole;
    private final PciBus pci;
    /** One for each processor. */
    final List<LocalApic> localApics = new ArrayList<>();

    final Uart16550 uart;
    final PowerControl power;
    private final PicPair pics = new PicPair();
    private final IoApic ioApic;
    private final Pit8254 pit;
    private final Mc146818 rtc;
    private final KeyboardController keyboardController;
    /** Absent on a board without one. */
    final @Nullable VirtioNetwork networkCard;

    private final List<VirtioPci> virtio = new ArrayList<>();
    final Bus ports = new Bus("ports");
    final Bus devices = new Bus("memory-mapped devices");
    /** Absent on a board without firmware. */
    private final @Nullable FirmwareConfiguration firmwareConfiguration;

    /** Where bytes go that the guest sends, 0 to 255 each. */
    record Outputs(IntConsumer console, IntConsumer virtioConsole, IntConsumer debugConsole) {}

    /**
     * @param disks what virtio disks show, in the order of their slots
     * @param card its virtio network card, if it has one
     * @param outputs where the guest's output goes
     * @param end told when the guest ends the machine
     */
    Board(
            MachineConfiguration configuration,
            GuestMemory memory,
            VirtualClock clock,
            List<DiskImage> disks,
            @Nullable NetworkCard card,
            Outputs outputs,
            Consumer<RunOutcome> end) {
        this.memory = memory;
        this.clock = clock;
        boolean hasFirmware = configuration.firmwareBytes() > 0;
        ApicBus apicBus = new ApicBus();
        ioApic = new IoApic(configuration.processors(), apicBus);
        for (int n = 0; n < configuration.processors(); n++) {
            LocalApic localApic = new LocalApic(n, clock, pics, apicBus);
            localApic.onEndOfInterrupt(ioApic::endOfInterrupt);
            localApics.add(localApic);
        }
        pit = new Pit8254(clock, interrupt(PIT_IRQ));
        rtc = new Mc146818(clock, configuration.timeOfDay(), interrupt(RTC_IRQ));
        uart = new Uart16550(outputs.console(), interrupt(COM1_IRQ));
        Runnable reset = () -> end.accept(new RunOutcome.ResetRequested());
        keyboardController =
                hasFirmware ? KeyboardController.withNothingAttached(reset) : new KeyboardController(reset);
        power = new PowerControl(
                clock, interrupt(SYSTEM_CONTROL_IRQ), () -> end.accept(new RunOutcome.PoweredOff()), reset);
        pci = hasFirmware
                ? new PciBus(
                        devices,
                        new IsaBridge(this::interrupt, this::pciInterrupt),
                        new PowerManagement(PM1_EVENT_PORTS))
                : new PciBus(devices, this::interrupt);
        pci.plug(0, hasFirmware ? shadowingBridge() : new HostBridge());
        networkCard = card == null ? null : new VirtioNetwork(card, memory);
        if (networkCard != null) {
            plugVirtio(NETWORK_SLOT, networkCard.transport());
        }
        virtioConsole = new VirtioConsole(outputs.virtioConsole(), memory);
        plugVirtio(CONSOLE_SLOT, virtioConsole.transport());
        if (disks.size() > MOST_DISKS) {
            throw new IllegalArgumentException(disks.size() + " disks: expected at most " + MOST_DISKS);
        }
        for (int i = 0; i < disks.size(); i++) {
            plugVirtio(FIRST_DISK_SLOT + i, VirtioBlock.onPci(disks.get(i), "simvisor-disk-" + i, memory));
        }
        devices.attach("I/O APIC", IoApic.DEFAULT_BASE, 0x20, doublewords(ioApic::read, ioApic::write));
        attachLegacyPorts();
        attachPowerPorts();
        DebugPorts debug =
                new DebugPorts(outputs.debugConsole(), status -> end.accept(new RunOutcome.DebugExit(status)));
        attachDebugPorts(configuration, debug);
        firmwareConfiguration = hasFirmware ? attachFirmwarePorts(debug) : null;
    }

    private void plugVirtio(int slot, VirtioPci function) {
        pci.plug(slot, function);
        virtio.add(function);
    }

    private HostBridge shadowingBridge() {
        return new HostBridge((start, end, writable) -> memory.shield(start, end, !writable));
    }

    /** An interrupt request reaches both kinds of controller; the guest programs one of them. */
    private InterruptLine interrupt(int irq) {
        int pin = irq == PIT_IRQ ? PIT_IO_APIC_PIN : irq;
        return asserted -> {
            pics.line(irq, asserted);
            announcePicRequests();
            ioApic.line(pin, asserted);
        };
    }

    /** On a board with firmware, a PCI interrupt's own pin of the I/O APIC. */
    private InterruptLine pciInterrupt(int pin) {
        return asserted -> ioApic.line(FIRST_PCI_IO_APIC_PIN + pin, asserted);
    }

    private void attachLegacyPorts() {
        ports.attach("first 8259A", 0x20, 2, picRegisters(pics::readFirst, pics::writeFirst));
        ports.attach("second 8259A", 0xA0, 2, picRegisters(pics::readSecond, pics::writeSecond));
        ports.attach("ELCR", 0x4D0, 2, picRegisters(pics::readLevelControl, pics::writeLevelControl));
        ports.attach("8254", 0x40, 4, bytes(pit::read, pit::write));
        ports.attach(
                "system control B", 0x61, 1, bytes(x -> pit.systemControl(), (x, value) -> pit.systemControl(value)));
        ports.attach("MC146818", 0x70, 2, bytes(rtc::read, rtc::write));
        ports.attach("COM1", COM1_PORTS, 8, bytes(uart::read, uart::write));
        ports.attach("8042 data", 0x60, 1, keyboardRegister(KeyboardController.DATA));
        ports.attach("8042 command", 0x64, 1, keyboardRegister(KeyboardController.STATUS_OR_COMMAND));
        ports.attach("PCI configuration", 0xCF8, 8, configurationPorts());
    }

    /** Among PCI's configuration ports is one byte that is not PCI's: the reset control register (82371SB data sheet, RC). */
    private Registers configurationPorts() {
        return new Registers() {
            @Override
            public long read(long offset, int size) {
                return pci.read(offset, size);
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == RESET_CONTROL_OFFSET && size == 1) power.writeResetControl((int) value);
                else pci.write(offset, size, value);
            }
        };
    }

    /** Whatever is written may end what held a request back. */
    private ByteRegisters picRegisters(Reader reader, Writer writer) {
        return bytes(reader, (register, value) -> {
            writer.write(register, value);
            announcePicRequests();
        });
    }

    private void announcePicRequests() {
        if (pics.requestsService()) localApics.forEach(LocalApic::externalInterruptRequested);
    }

    private ByteRegisters keyboardRegister(int register) {
        return bytes(x -> keyboardController.read(register), (x, value) -> keyboardController.write(register, value));
    }

    private void attachPowerPorts() {
        ports.attach(
                "system control A",
                0x92,
                1,
                bytes(x -> power.systemControl(), (x, value) -> power.systemControl(value)));
        ports.attach("PM1 event", PM1_EVENT_PORTS, 4, bytes(power::readEvent, power::writeEvent));
        ports.attach("PM1 control", PM1_CONTROL_PORTS, 2, bytes(power::readControl, power::writeControl));
        ports.attach("PM timer", PM_TIMER_PORT, 4, doublewords(x -> power.readTimer(), (x, value) -> {}));
        ports.attach("reset", RESET_PORT, 1, bytes(x -> 0, (x, value) -> power.writeResetControl(value)));
    }

    private void attachDebugPorts(MachineConfiguration configuration, DebugPorts debug) {
        ports.attach("debug console", 0xE9, 1, debugConsole(debug));
        if (configuration.debugExit()) {
            ports.attach("debug exit", 0xF4, 1, bytes(x -> 0xFF, (x, value) -> debug.writeExit(value)));
        }
    }

    private static ByteRegisters debugConsole(DebugPorts debug) {
        return bytes(x -> debug.readConsole(), (x, value) -> debug.writeConsole(value));
    }

    /** What is there for firmware alone: its configuration, and the debug console where firmware of virtual machines writes. */
    private FirmwareConfiguration attachFirmwarePorts(DebugPorts debug) {
        ports.attach("firmware's debug console", FIRMWARE_DEBUG_PORT, 1, debugConsole(debug));
        // The slots' interrupts begin with the last pin, for the first is slot 1's.
        List<Integer> interrupts = new ArrayList<>();
        for (int slot = 0; slot < IsaBridge.PINS; slot++) {
            interrupts.add(FIRST_PCI_IO_APIC_PIN + Math.floorMod(slot - 1, IsaBridge.PINS));
        }
        AcpiTables.Layout layout = acpiLayout(memory.lowEnd(), interrupts);
        FirmwareConfiguration described =
                FirmwareDescription.of(memory, localApics.size(), COM1_PORTS, AcpiTables.loader(layout));
        ports.attach("firmware configuration", FIRMWARE_CONFIGURATION_PORTS, FirmwareConfiguration.PORTS, described);
        return described;
    }

    /** Does firmware's work before an image is entered; returns the address of the ACPI root pointer. */
    long initializeFirmware() {
        localApics.getFirst().enterVirtualWireMode();
        pci.assignResources(PCI_MEMORY_START);
        presetMemorySize();
        BiosServices.write(memory);
        BiosDataArea.write(memory, COM1_PORTS);
        return AcpiTables.write(memory, acpiLayout(PCI_MEMORY_START, PciBus.wiredInterrupts()));
    }

    private AcpiTables.Layout acpiLayout(long pciMemoryStart, List<Integer> pciInterrupts) {
        return new AcpiTables.Layout(
                localApics.size(),
                SYSTEM_CONTROL_IRQ,
                PM1_EVENT_PORTS,
                PM1_CONTROL_PORTS,
                PM_TIMER_PORT,
                RESET_PORT,
                pciMemoryStart,
                PCI_MEMORY_END,
                pciInterrupts);
    }

    /** What firmware finds in CMOS memory: the size of memory, and that it is to start from a disk first. */
    void presetForFirmware() {
        presetMemorySize();
        rtc.preset(BOOT_ORDER, HARD_DISK_FIRST);
    }

    /** Memory sizes where firmware of PCs leaves them in CMOS memory, for guests that read no tables. */
    private void presetMemorySize() {
        long kibibytesAboveOneMebibyte = Math.min(memory.lowEnd() - (1 << 20) >> 10, 0xFFFF);
        long chunksAbove16Mebibytes = Math.max(0, Math.min(memory.lowEnd() - (16 << 20) >> 16, 0xFFFF));
        rtc.preset(0x15, 640 & 0xFF);
        rtc.preset(0x16, 640 >> 8);
        for (int address : new int[] {0x17, 0x30}) {
            rtc.preset(address, (int) kibibytesAboveOneMebibyte & 0xFF);
            rtc.preset(address + 1, (int) kibibytesAboveOneMebibyte >> 8);
        }
        rtc.preset(0x34, (int) chunksAbove16Mebibytes & 0xFF);
        rtc.preset(0x35, (int) chunksAbove16Mebibytes >> 8);
    }

    // ---- state ----

    void save(MachineState.Builder state) {
        state.setClock(clock.save())
                .setPics(pics.save())
                .setLocalApic(localApics.getFirst().save())
                .setIoApic(ioApic.save())
                .setPit(pit.save())
                .setRtc(rtc.save())
                .setUart(uart.save())
                .setKeyboardController(keyboardController.save())
                .setPower(power.save())
                .setPci(pci.save());
        virtio.forEach(function -> state.addVirtio(function.save()));
        if (firmwareConfiguration != null) {
            state.setFirmwareConfiguration(firmwareConfiguration.save());
        }
    }

    /**
     * Puts into the state that the board is to have after a reset what a reset leaves as it is: time, the clock and calendar with
     * their battery, and what waits on the serial line.
     */
    void keepOverReset(MachineState.Builder state) {
        state.setClock(clock.save().toBuilder().clearArmedTimers()).setRtc(rtc.save());
        state.getUartBuilder().setInput(uart.save().getInput());
    }

    /** The rest of a reset, once the board is in that state: pin RESET of the chip with the battery. */
    void resetClockAndCalendar() {
        rtc.reset();
    }

    /** Restores the chips; levels of interrupt lines are part of the controllers' state and are not driven again. */
    void restore(MachineState state) {
        clock.restore(state.getClock());
        pics.restore(state.getPics());
        localApics.getFirst().restore(state.getLocalApic());
        ioApic.restore(state.getIoApic());
        pit.restore(state.getPit());
        rtc.restore(state.getRtc());
        uart.restore(state.getUart());
        keyboardController.restore(state.getKeyboardController());
        power.restore(state.getPower());
        pci.restore(state.getPci());
        if (state.getVirtioCount() != virtio.size()) {
            throw new IllegalArgumentException(
                    state.getVirtioCount() + " virtio devices in saved state, " + virtio.size() + " in this machine");
        }
        for (int i = 0; i < virtio.size(); i++) {
            virtio.get(i).restore(state.getVirtio(i));
        }
        if (firmwareConfiguration != null) {
            firmwareConfiguration.restore(state.getFirmwareConfiguration());
        }
    }

    // ---- from a chip's methods to a bus's registers ----

    interface Reader {
        int read(int register);
    }

    interface Writer {
        void write(int register, int value);
    }

    private static ByteRegisters bytes(Reader reader, Writer writer) {
        return new ByteRegisters() {
            @Override
            public int read(int offset) {
                return reader.read(offset);
            }

            @Override
            public void write(int offset, int value) {
                writer.write(offset, value);
            }
        };
    }

    static DoublewordRegisters doublewords(Reader reader, Writer writer) {
        return new DoublewordRegisters() {
            @Override
            public int read(int offset) {
                return reader.read(offset);
            }

            @Override
            public void write(int offset, int value) {
                writer.write(offset, value);
            }
        };
    }
}
